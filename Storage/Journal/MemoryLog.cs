namespace Edge.Storage;

/// <summary>The stream that LiteDB takes for its log: memory. What a commit writes here lives until the checkpoint of the same change has handed it to <see cref="JournalledFile"/>; nothing in it was acknowledged.</summary>
internal sealed class MemoryLog : MemoryStream
{
    private const int KeptBytes = 1 << 20; // What a full batch takes: let go and taken again with every commit it would be 2 MB of garbage each time.

    /// <summary>Takes what LiteDB itself left in a file, to look at it.</summary>
    public void Take(string path)
    {
        using (var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete)) file.CopyTo(this);
        Position = 0;
    }

    /// <inheritdoc/>
    public override void SetLength(long value)
    {
        base.SetLength(value);
        if (value == 0 && Capacity > KeptBytes) Capacity = KeptBytes; // A large change does not hold its memory for good.
    }
}
