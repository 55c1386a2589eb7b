using Edge.Config;
using Edge.Runtime.Inference;
using Edge.Runtime.Labelling;
using Edge.Runtime.Learning;
using Edge.Runtime.Sensors;
using Edge.Runtime.Stages;
using Edge.Runtime.Tests.Inference;
using Edge.Runtime.Windowing;
using Edge.Runtime.Updates;
using Edge.Storage;
using Edge.Telemetry.Messages;
using Edge.Telemetry.Mqtt;
using Edge.Trainer.Backbones;
using Edge.Trainer.Rounds;
using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Logging.Abstractions;
using static TorchSharp.torch;

namespace Edge.Runtime.Tests.Stages;

/// <summary>A class never seen gets a few labels on the running device, without a training round: example stage, buffer, statistics, slot and classifier as they are in service; the backbone is untrained.</summary>
public sealed class FewShotTests(ITestOutputHelper report)
{
    private const int OldPerClass = 60;

    [Theory]
    [InlineData("walkingUpstairs", 80, 1)]
    [InlineData("laying", 80, 1)]
    [InlineData("standing", 60, 5)] // Sitting differs by a tilt alone, and people by half as much.
    public async Task Five_labels_of_a_class_never_seen_are_enough_and_cost_the_others_little(string newClass, double least, double lost)
    {
        var (known, told, judged) = (await SimulatedAsync(seed: 1, 2400), await SimulatedAsync(seed: 2, 600), await SimulatedAsync(seed: 3, 1200));
        var points = await LearnAsync(newClass, known, [.. told.Where(w => w.Class == newClass).Where((_, i) => i % 4 == 0)], judged);
        foreach (var (labels, ofNew, ofOld, before) in points) report.WriteLine($"{newClass}: {labels} labels, {ofNew:0.0} % of the new class, {ofOld:0.0} % of the others ({before:0.0} % before)");
        foreach (var point in points.Where(p => p.Labels >= 5))
        {
            Assert.InRange(point.OfNew, least, 100);
            Assert.InRange(point.Before - point.OfOld, -100, lost);
        }
    }

    /// <summary>Tells the old classes, then label by label the new one, and judges after 1, 2, 5 and 10.</summary>
    private static async Task<List<(int Labels, double OfNew, double OfOld, double Before)>> LearnAsync(
        string newClass, IReadOnlyList<(float[] Samples, string Class)> known, IReadOnlyList<(float[] Samples, string Class)> told, IReadOnlyList<(float[] Samples, string Class)> judged)
    {
        await using var device = new Device();
        await device.TellAsync([.. known.Where(w => w.Class != newClass).GroupBy(w => w.Class).SelectMany(c => c.Where((_, i) => i % Math.Max(1, c.Count() / OldPerClass) == 0).Take(OldPerClass))]);
        double before = device.PercentOf(judged, w => w.Class != newClass);
        var points = new List<(int, double, double, double)>();
        foreach (int labels in new[] { 1, 2, 5, 10 })
        {
            await device.TellAsync([.. told.Take(labels).Skip(points.Count == 0 ? 0 : points[^1].Item1)]);
            points.Add((labels, device.PercentOf(judged, w => w.Class == newClass), device.PercentOf(judged, w => w.Class != newClass), before));
        }

        return points;
    }

    private static async Task<List<(float[] Samples, string Class)>> SimulatedAsync(int seed, int blockCount)
    {
        var sensor = new SimulatedImu(new SensorSection { Seed = seed }, 0);
        var windower = new Windower(UciHarArchive.Window, 64, 1);
        var pool = new WindowPool(UciHarArchive.Window);
        var windows = new List<(float[], string)>();
        for (int i = 0; i < blockCount; i++)
        {
            var block = new SampleBlock(9, sensor.BlockCapacity) { FirstSample = (long)i * sensor.BlockCapacity };
            await sensor.ReadAsync(block, TestContext.Current.CancellationToken);
            windower.Push(block, pool, windows, static (list, window) =>
            {
                if (window.Truth is { } truth) list.Add(([.. window.Samples], truth));
            });
        }

        return windows;
    }

    private sealed class Device : IAsyncDisposable
    {
        private readonly DeviceConfig config = new() { Inference = new InferenceSection { Providers = ["cpu"] }, Replay = new ReplaySection { CommitDelayMs = 1 }, Training = new TrainingSection { Enabled = false } };
        private readonly DataFolder data = new();
        private readonly ServiceState state = new(TimeProvider.System);
        private readonly ReadOutSlot slot = new();
        private readonly SnapshotManifest snapshot;
        private readonly ReplayBuffer buffer;
        private readonly ReadOut readOut;
        private readonly Flows flows;
        private readonly ExampleStage stage;
        private Classifier? running;
        private object? applied;
        private ulong lastId;

        public Device()
        {
            snapshot = new SnapshotManifest { Id = "s000001-01234567", CreatedAt = DateTimeOffset.UnixEpoch, Classes = config.Labels.Classes, Window = UciHarArchive.Window, EmbeddingLength = 128, Round = 0 };
            using (TestSnapshot.Seeding())
            {
                manual_seed(1);
                using var net = new TscilCnn(9);
                net.eval();
                File.WriteAllBytes(data["model.onnx"], ClassifierGraph.Write(net, new ClassifierGraphOptions { Window = UciHarArchive.Window, Classes = snapshot.Classes, Temperature = 0.1, FrozenFeatures = 737, FrozenSeed = 1 }));
            }

            buffer = ReplayBuffer.Open(data["replay.db"], new ReplayBufferOptions { Capacity = 306, AnchorCapacity = 60, AnchorShare = 0, AnchorBlockSeconds = 10, FreshCapacity = 512, Seed = 1 }, TimeProvider.System, ReplayAccess.Serve, trims: false);
            readOut = new ReadOut(slot, config.Inference, config.ReadOut, new ReadOutFiles(data["statistics.bin"], data["readout.json"]), data["model.onnx"], snapshot);
            readOut.RestoreAsync(buffer).GetAwaiter().GetResult();
            running = Classifier.Open(data["model.onnx"], snapshot, config.Inference);
            flows = new Flows(false, state, new SampleBlockPool(1, 1), new WindowPool(UciHarArchive.Window));
            stage = new ExampleStage(
                flows, buffer, readOut, new LabelledWindowSet(1024), new RoundSchedule(new LiveConfig(config), buffer, new SnapshotStore(data["snapshots"], 2)), new RoundGate(flows), new LiveConfig(config),
                new Reporter(new Topics("edge", "device"), "boot", TimeProvider.System, _ => { }), state, TimeProvider.System, NullLogger<ExampleStage>.Instance, new FaultRecord(), new ApplicationLifetime(NullLogger<ApplicationLifetime>.Instance));
            stage.StartAsync(CancellationToken.None).GetAwaiter().GetResult();
        }

        public async Task TellAsync(IReadOnlyList<(float[] Samples, string Class)> windows)
        {
            foreach (var (samples, name) in windows)
            {
                lastId++;
                await flows.Examples.Writer.WriteAsync(new PendingExample(new LabelRequest(lastId, name, "mqtt"), new KeptWindow(lastId, lastId, samples, null, [])), TestContext.Current.CancellationToken);
            }

            while (state.ExamplesStored < (long)lastId) await Task.Delay(1, TestContext.Current.CancellationToken);
        }

        /// <summary>Share of windows that the classifier stage would put into their class, percent; "unknown" is wrong.</summary>
        public double PercentOf(IEnumerable<(float[] Samples, string Class)> windows, Func<(float[] Samples, string Class), bool> which)
        {
            slot.Apply(ref running, ref applied);
            bool[] right = [.. windows.Where(which).Select(w => running!.Score(w.Samples).ClassOrUnknown(config.Inference.UnknownBelowSimilarity) is var answer && answer >= 0 && snapshot.Classes[answer] == w.Class)];
            return 100.0 * right.Count(r => r) / right.Length;
        }

        public async ValueTask DisposeAsync()
        {
            await stage.StopAsync(CancellationToken.None);
            stage.Dispose();
            running?.Dispose();
            slot.Dispose();
            readOut.Dispose();
            buffer.Dispose();
            data.Dispose();
        }
    }
}
