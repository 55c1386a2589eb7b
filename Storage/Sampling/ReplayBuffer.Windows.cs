namespace Edge.Storage;

/// <summary>The windows in memory: filled when the file is read, in step with every change, and asked before the file is.</summary>
public sealed partial class ReplayBuffer
{
    private readonly WindowCache anchors;

    /// <summary>What may be trained on, as one tensor in memory, in step with the store; empty where the store was not opened to serve.</summary>
    public WindowCache Windows { get; }

    /// <summary>Documents looked up in the file since it was opened; a round's draw looks none up.</summary>
    internal long FileReadCount => file.FindCount;

    /// <summary>Begins anew; until the end of the scope no minibatch is drawn.</summary>
    private Lock.Scope BeginWindows()
    {
        var alone = Windows.Gate.EnterScope();
        Windows.Clear();
        anchors.Clear();
        Windows.Expect(File.Exists(places.Data) ? new FileInfo(places.Data).Length : 0); // The file holds more than its windows, unless they lie there in fewer bits.
        file.Changed = Follow;
        return alone;
    }

    private void Follow(IReadOnlyCollection<long> deleted, IReadOnlyCollection<(long Id, byte[] Bytes)> written)
    {
        lock (Windows.Gate)
        {
            foreach (long id in deleted) ForgetWindow((ulong)id);
            foreach (var (id, bytes) in written)
            {
                if (id > 0 && ExampleRecord.Read(bytes, (ulong)id) is { } example) Take(example);
            }
        }
    }

    private void Take(Example example)
    {
        if (access != ReplayAccess.Serve) return;
        var now = Names.FromStored(example);
        Windows.Put(now);
        anchors.Put(now);
    }

    private void ForgetWindow(ulong id)
    {
        Windows.Remove(id);
        anchors.Remove(id);
    }

    private Example? Held(ulong id) => Windows.Find(id) ?? anchors.Find(id);
}
