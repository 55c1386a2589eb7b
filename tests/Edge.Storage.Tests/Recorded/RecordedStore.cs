using System.Globalization;
using System.Text;
using Edge.Storage.Tests.Replay;

namespace Edge.Storage.Tests.Recorded;

/// <summary>A small store with examples of all roles, prototypes and a state that matters: a full reservoir, a full anchor set, fresh ones that overflowed and some that had their round.</summary>
internal static class RecordedStore
{
    private static readonly ReplayBufferOptions s_options = new() { Capacity = 8, AnchorCapacity = 4, AnchorShare = 0.3, AnchorBlockSeconds = 10, FreshCapacity = 12, Seed = 3 };

    /// <summary>What the store of this version was written with last. Version 1 had one policy and one payload; those of versions 2 and 3 have a policy with counters of its own, and a record of each payload kind.</summary>
    public static ReplayBufferOptions OptionsOf(int version) => version == 1 ? s_options : s_options with { Policy = RetentionKind.Segmented, SegmentSeconds = 20, Payload = PayloadKind.Int16, WindowLength = 3 };

    /// <summary>Writes the store of the version that the code writes now.</summary>
    public static async Task WriteAsync(string path)
    {
        var options = OptionsOf(ExampleRecord.Version);
        var bank = new PrototypeBank("s000004-0123abcd", 3);
        bank.Add("gehen €", [1, 0, 0]);
        bank.Add("b", [0, 0.6f, 0.8f]);
        await OfferAsync(0, 20, PayloadKind.Float32);
        await OfferAsync(20, 30, PayloadKind.Float16);
        await OfferAsync(50, 10, PayloadKind.Int16);
        using (var buffer = Samples.Open(path, options)) await buffer.SettleAsync(52);
        await OfferAsync(60, 10, options.Payload);

        async Task OfferAsync(int first, int count, PayloadKind payload)
        {
            using var buffer = Samples.Open(path, options with { Payload = payload });
            await buffer.OfferAsync([.. Enumerable.Range(first, count).Select(Windows)], bank);
        }
    }

    /// <summary>
    /// Writes the two files of a store whose process was killed when the journal of its last change was on disk and none of the pages that were there before had been changed yet: the data file as it was, with the new pages behind.
    /// </summary>
    public static async Task WriteKilledAsync(string path)
    {
        await WriteAsync(path);
        using var buffer = Samples.Open(path, OptionsOf(ExampleRecord.Version));
        byte[] before = Read(path);
        await buffer.OfferAsync([.. Enumerable.Range(70, 6).Select(Windows)], null);
        byte[] after = Read(path), journal = Read(ReplayFile.LogOf(path));
        buffer.Dispose();
        before.CopyTo(after, 0);
        File.WriteAllBytes(path, after);
        File.WriteAllBytes(ReplayFile.LogOf(path), journal);

        static byte[] Read(string file)
        {
            using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            byte[] bytes = new byte[stream.Length];
            stream.ReadExactly(bytes);
            return bytes;
        }
    }

    /// <summary>All that the store gives out, as text: values as the bits of their float32.</summary>
    public static async Task<string> ReadAsync(ReplayBuffer buffer)
    {
        var text = new StringBuilder();
        foreach (var example in (await buffer.TrainableAsync()).Concat(await buffer.AnchorsAsync()))
        {
            text.Append(CultureInfo.InvariantCulture, $"{example.Id} {example.Role} window {example.WindowId} '{example.Class}' {example.StartSeconds:R} s {example.LabelledAt:O}");
            foreach (float value in example.Samples) text.Append(CultureInfo.InvariantCulture, $" {BitConverter.SingleToUInt32Bits(value):X8}");
            text.Append('\n');
        }

        var counts = buffer.Counts;
        text.Append(CultureInfo.InvariantCulture, $"fresh {string.Join(" ", (await buffer.DrawAsync()).Fresh.Select(e => e.Id))}\n");
        text.Append(CultureInfo.InvariantCulture, $"acknowledged {counts.AcknowledgedCount}, overflow {counts.FreshOverflowCount}, corrupt {counts.CorruptCount}, last start {counts.LastStartSeconds:R} s\n");
        text.Append(CultureInfo.InvariantCulture, $"prototypes {Convert.ToHexString((await buffer.PrototypesAsync())!.ToBytes())}\n");
        return text.ToString();
    }

    /// <summary>Which ids are kept after each of some further batches: what is chosen depends on every counter of the state.</summary>
    public static async Task<string> GoOnAsync(ReplayBuffer buffer)
    {
        var text = new StringBuilder();
        for (int batch = 0; batch < 10; batch++)
        {
            await buffer.OfferAsync([.. Enumerable.Range(70 + batch * 6, 6).Select(Windows)], null);
            text.Append(CultureInfo.InvariantCulture, $"then {string.Join(" ", (await buffer.TrainableAsync()).Select(e => $"{e.Id}{e.Role.ToString()[0]}"))} anchors {string.Join(" ", Samples.Ids(await buffer.AnchorsAsync()))}\n");
        }

        return text.ToString();
    }

    private static Example Windows(int i) => new()
    {
        WindowId = (ulong)(1000 + i),
        Class = i % 9 == 0 ? "rare" : i % 2 == 0 ? "gehen €" : "b",
        StartSeconds = i * 2.56,
        LabelledAt = Samples.Now.AddSeconds(i),
        Samples = [.. Enumerable.Range(0, 6).Select(v => MathF.ScaleB(i + 1, v - 3) * (v % 2 == 0 ? 1 : -1))],
    };
}
