using Edge.Config;
using Edge.Runtime.Inference;
using Edge.Runtime.Labelling;
using Edge.Runtime.Learning;
using Edge.Runtime.Stages;
using Edge.Runtime.Windowing;
using Edge.Storage;

namespace Edge.Runtime.Tests.Inference;

/// <summary>The read-out of a device whose process is killed: real buffer, real files as they are at that moment, real encoder.</summary>
public abstract class FrozenStatisticsRig : IDisposable
{
    private protected const int BatchSize = 40;
    private protected static readonly InferenceSection s_settings = new() { Providers = ["cpu"] };
    // Fresh examples overflow when rounds are late, and the reservoir is small: most examples leave the store soon.
    private static readonly ReplayBufferOptions s_options = new() { Capacity = 30, AnchorCapacity = 10, AnchorShare = 0.2, AnchorBlockSeconds = 10, FreshCapacity = 100, Seed = 1, CopyCount = 0 };
    private protected readonly DataFolder data = new();
    private protected readonly List<Example> durable = [];
    private protected ReplayBuffer buffer = null!;
    private protected readonly ReadOutSlot slot = new();
    private protected ReplayBufferOptions options = s_options;
    private protected ReadOut readOut = null!;
    private protected DeviceConfig config = new();
    private protected int killAt, reached;

    public void Dispose()
    {
        readOut.Dispose();
        buffer.Dispose();
        slot.Dispose();
        data.Dispose();
    }

    private protected async Task StoreAsync(int batch, Func<ulong, string>? classOf = null, int size = BatchSize, Func<ulong, string>? windowOf = null)
    {
        await KillHereAsync();
        await readOut.MakeRoomAsync(buffer, BatchSize);
        await KillHereAsync();
        var pending = Enumerable.Range(batch * BatchSize + 1, size).Select(id => Pending((ulong)id, classOf, windowOf)).ToList();
        readOut.Take(pending.Where(e => !buffer.IsHeldOut(e.Window.StartSeconds)));
        if (await KillHereAsync()) return; // The batch was never offered: its labels were not acknowledged and are gone.
        var stored = await buffer.OfferAsync([.. pending.Select(ToExample)], readOut.Bank);
        durable.AddRange(stored.Where(e => !buffer.IsHeldOut(e.StartSeconds)));
        if (await KillHereAsync()) return;
        readOut.Keep(stored, e => buffer.IsHeldOut(e.StartSeconds));
        readOut.Publish();
        await KillHereAsync();
    }

    private protected async Task SettleAsync()
    {
        await KillHereAsync();
        await readOut.SettleAsync(new Settlement(buffer.Counts.AcknowledgedCount, TestSnapshot.Manifest.Id, null, new TaskCompletionSource()), buffer);
        await KillHereAsync();
    }

    private async Task<bool> KillHereAsync()
    {
        if (++reached != killAt) return false;
        await RestartAsync();
        return true;
    }

    private protected async Task RestartAsync()
    {
        Stop();
        await StartAsync();
        await HoldsAsync();
    }

    private protected void CountCopies() => config = new DeviceConfig { ReadOut = new ReadOutSection { CopyWeight = 0.3 } };

    private protected byte[] Damage(string name)
    {
        byte[] bytes = File.ReadAllBytes(data[name]);
        bytes[bytes.Length / 2] ^= 1;
        File.WriteAllBytes(data[name], bytes);
        return bytes;
    }

    /// <summary>As a kill leaves it: the files are what they are at this moment, the journal too; what closing the store does to them is undone.</summary>
    private protected void Stop()
    {
        var files = Directory.GetFiles(data.Path, "*", SearchOption.AllDirectories).Where(file => Path.GetExtension(file) != ".lock").ToDictionary(file => file, Read);
        readOut.Dispose();
        buffer.Dispose();
        foreach (string file in Directory.GetFiles(data.Path, "*", SearchOption.AllDirectories)) File.Delete(file);
        foreach (var (file, bytes) in files) File.WriteAllBytes(file, bytes);

        static byte[] Read(string file)
        {
            using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            byte[] bytes = new byte[stream.Length];
            stream.ReadExactly(bytes);
            return bytes;
        }
    }

    private protected async Task AdoptAsync(int number, int frozenSeed, Func<Task>? beforeItIsTakenOver = null)
    {
        var next = TestSnapshot.Manifest with { Id = $"s00000{number}-01234567" };
        using var exam = Session();
        var present = slot.LatestFor($"s00000{number - 1}-01234567")!;
        var trainable = await buffer.TrainableAsync();
        var read = CandidateReadOut.Of(exam, trainable, present, config, AnchorExam.Encode(exam, AnchorExam.Pairs(await buffer.AnchorsAsync())));
        if (beforeItIsTakenOver is not null) await beforeItIsTakenOver();
        await readOut.AdoptAsync(new Adoption(next, Session(), Session(), read.Bank.For(next.Id), read.Learned, read.Frozen, read.Blend, new TaskCompletionSource()), buffer);

        Classifier Session() => Classifier.Open(TestSnapshot.WriteFrozen(data, frozenSeed), next, s_settings, AnchorExam.BatchSize);
    }

    private protected async Task StartAsync(int frozenSeed = 1, ShapeHistory? shapes = null, double sampleRateHz = 50)
    {
        buffer = ReplayBuffer.Open(data["replay.db"], options, TimeProvider.System, ReplayAccess.Serve, trims: false);
        readOut = new ReadOut(
            slot, s_settings, config.ReadOut, new ReadOutFiles(data["statistics.bin"], data["readout.json"]), TestSnapshot.WriteFrozen(data, frozenSeed),
            TestSnapshot.Manifest with { Window = TestSnapshot.Window with { SampleRateHz = sampleRateHz } }, shapes: shapes, copies: WindowCopies.For(config));
        await readOut.RestoreAsync(buffer);
    }

    private protected Task HoldsAsync()
    {
        using var encoder = Classifier.Open(TestSnapshot.WriteFrozen(data), TestSnapshot.Manifest, s_settings, AnchorExam.BatchSize);
        var windows = AnchorExam.Encode(encoder, AnchorExam.Pairs(durable));
        var expected = new ClassStatistics(encoder.FrozenBankId!, encoder.FrozenLength);
        AnchorExam.EncodeCopies(encoder, windows, durable, WindowCopies.For(config));
        windows.CountInto(expected);
        var counted = readOut.FrozenCounted!;
        Assert.Equal(expected.Classes, counted.Classes);
        foreach (string name in expected.Classes)
        {
            Assert.Equal(expected.Of(name)!.Count, counted.Of(name)!.Count);
            Assert.Equal(expected.Of(name)!.Mass, counted.Of(name)!.Mass, 1e-6);
            Same(expected.Of(name)!.Sum, counted.Of(name)!.Sum);
            Same(expected.Of(name)!.Gram.Values, counted.Of(name)!.Gram.Values);
        }

        return Task.CompletedTask;

        // One window more or less, or twice, would show in every number; how many are encoded at once shows in the last digits of a float32.
        static void Same(double[] expected, double[] counted)
        {
            double scale = expected.Max(Math.Abs);
            for (int i = 0; i < expected.Length; i++) Assert.Equal(expected[i], counted[i], 1e-6 * scale);
        }
    }

    private static PendingExample Pending(ulong id, Func<ulong, string>? classOf, Func<ulong, string>? windowOf)
    {
        string name = classOf?.Invoke(id) ?? TestSnapshot.Classes[(int)(id % 3)];
        return new(new LabelRequest(id, name, "mqtt"), new KeptWindow(id, id, TestSnapshot.WindowOf(windowOf?.Invoke(id) ?? name, (int)id), null, []));
    }

    private static Example ToExample(PendingExample pending) => new()
    {
        WindowId = pending.Window.Id,
        Class = pending.Request.Class,
        StartSeconds = pending.Window.StartSeconds,
        LabelledAt = DateTimeOffset.UnixEpoch,
        Samples = pending.Window.Samples,
    };
}
