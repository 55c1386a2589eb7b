using System.Diagnostics;
using System.Text;
using Edge.EndToEnd.Tests.World;
using Edge.Storage;

namespace Edge.EndToEnd.Tests;

/// <summary>kill -9 of the service at random moments.</summary>
public sealed class KilledServiceTests(ITestOutputHelper report)
{
    private const int KillCount = 20;

    [Fact]
    public async Task Killed_twenty_times_it_starts_again_with_every_acknowledged_example_and_the_same_snapshot()
    {
        await using var broker = await Mosquitto.StartAsync();
        await using var fleet = await Fleet.ListenAsync(broker.Port);
        await using var device = DeviceFolder.Create(broker.Port).With("telemetry.queueCapacity", 10_000).With("labels.sourceShare", 0.5).With("training.epochs", 1);
        var moments = new Random(20);
        int upCount = 0, inRoundCount = 0, countedCount = 0;
        for (int kill = 0; kill < KillCount; kill++)
        {
            string? before = device.CurrentSnapshotId();
            int heardBefore = fleet.All.Count;
            var run = device.Run();
            await MomentAsync(kill, moments, fleet, run);
            Assert.True(run.IsAlive, $"start {kill} ended by itself\n{run.Said}");
            if (run.TrainingChild() is not null) inRoundCount++;
            await run.KillAsync();
            if (await CountedOnceAsync(device)) countedCount++;

            var heard = await HeardOfAsync(fleet, heardBefore);
            if (heard.Count == 0) continue;
            upCount++;
            var first = heard.First(m => m.Topic == "snapshot");
            Assert.Equal(before is null ? "initial" : "restored", first.Event);
            if (before is not null) Assert.Equal(before, (string?)first.Body["snapshotId"]);
            string told = heard.Where(m => m.Topic == "snapshot").Select(m => (string)m.Body["snapshotId"]!).Max(StringComparer.Ordinal)!;
            Assert.True(string.CompareOrdinal(device.CurrentSnapshotId(), told) >= 0, $"snapshot {told} was announced, and the one on disk is {device.CurrentSnapshotId()}");
        }

        await Eventually.Holds(() => device.TrainingChildren().Count == 0, "no training child outlives its service");
        string? last = device.CurrentSnapshotId();
        int promotedCount = fleet.On("snapshot").Count(s => (string?)s["event"] == "promoted");
        var acknowledged = fleet.On("label/result").Where(l => (bool)l["accepted"]! && (string?)l["role"] != "none").ToList();
        report.WriteLine($"{KillCount} kills, {upCount} of a service that had reached the broker, {inRoundCount} with a training child under way, {countedCount} when there were statistics; {promotedCount} promotions; {acknowledged.Count} examples acknowledged; snapshot {last}");
        Assert.True(upCount >= KillCount / 3 && inRoundCount > 0 && promotedCount > 0 && acknowledged.Count > 100, "the kills came when there was something to lose");
        Assert.Equal(acknowledged.Count, acknowledged.Select(l => (ulong)l["exampleId"]!).Distinct().Count());

        using (var buffer = device.OpenBuffer())
        {
            Assert.Null(buffer.QuarantinedTo);
            Assert.Equal(0, buffer.Counts.CorruptCount);
            Assert.True(buffer.Counts.AcknowledgedCount >= (ulong)acknowledged.Count);
            foreach (var label in acknowledged)
            {
                var example = await buffer.FindAsync((ulong)label["exampleId"]!);
                Assert.True(example is not null, $"lost: {label.ToJsonString()}");
                Assert.Equal(((ulong)label["windowId"]!, (string?)label["class"]), (example.WindowId, example.Class));
                Assert.Equal((string?)label["role"], example.Role.ToString().ToLowerInvariant());
            }

            // Nothing was let go, so the prototypes must have counted every example that may be trained on exactly once.
            if (await buffer.PrototypesAsync() is { } prototypes && prototypes.SnapshotId == last) Assert.Equal(ByClass(await buffer.TrainableAsync()), prototypes.Counts.OrderBy(c => c.Key, StringComparer.Ordinal));
        }

        int heardTotal = fleet.All.Count;
        List<Heard> OfSurvivor() => fleet.All.Skip(heardTotal).FirstOrDefault(m => m.Topic == "status" && (string?)m.Body["state"] == "online")?.BootId is { } boot ? [.. fleet.All.Where(m => m.BootId == boot)] : []; // A status is never kept for a later start.
        var survivor = device.Run();
        await Eventually.Holds(() => OfSurvivor().Any(m => m.Topic == "prediction" && (long)m.Body["windowsSeen"]! > 0), "it works after all that", () => survivor.Said);
        Assert.Equal(last, (string?)OfSurvivor().First(m => m.Topic == "snapshot").Body["snapshotId"]);
        Assert.NotEmpty(OfSurvivor().First(m => m.Topic == "prediction" && (long)m.Body["windowsSeen"]! > 0).Body["countsByClass"]!.AsObject());
        await survivor.EndByCtrlCAsync();
        Assert.True(await CountedOnceAsync(device), "a clean stop writes the statistics");
    }

    /// <summary>Whether there are statistics; then what they count, and what the next start will count because it came later, is every example once. Nothing leaves this buffer, so it has them all.</summary>
    private static async Task<bool> CountedOnceAsync(DeviceFolder device)
    {
        string file = Path.Combine(device.Data, "statistics.bin");
        if (!File.Exists(file)) return false;
        using var stream = File.OpenRead(file);
        using var head = new BinaryReader(stream, Encoding.UTF8, leaveOpen: true);
        stream.Position = 5; // Version and length of the head.
        var (bank, length) = (head.ReadString(), head.ReadInt32());
        stream.Position = 0;
        var counted = ClassStatistics.ReadFrom(stream, bank, length, out string problem);
        Assert.True(counted is not null, problem);
        using var buffer = device.OpenBuffer(ReplayAccess.Look); // The next start finds it as the kill left it.
        var trainable = await buffer.TrainableAsync();
        var later = trainable.Where(e => e.Id > counted.ThroughExampleId).CountBy(e => e.Class).ToDictionary();
        Assert.Equal(ByClass(trainable), trainable.Select(e => e.Class).Distinct().Order(StringComparer.Ordinal).Select(name => KeyValuePair.Create(name, (counted.Of(name)?.Count ?? 0) + later.GetValueOrDefault(name))));
        return true;
    }

    /// <summary>
    /// When to kill: the first time while the first snapshot is made; once after a promotion; every third time shortly after a child has left its candidate (or after eight seconds), when the gate, the
    /// promotion and the change of prototypes come; else any time from the first moments to some seconds of work.
    /// </summary>
    private static async Task MomentAsync(int kill, Random moments, Fleet fleet, RunningDevice run)
    {
        bool afterRound = kill % 3 == 2;
        double seconds = kill == 0 ? 0.6 : afterRound ? 0.4 * moments.NextDouble() : 0.3 + 3.2 * moments.NextDouble();
        int finished = Count("training", "finished");
        long start = Stopwatch.GetTimestamp();
        if (kill == 2) await Eventually.Holds(() => Count("snapshot", "promoted") > 0, "a candidate is promoted", () => run.Said);
        else if (afterRound) await Eventually.Holds(() => Count("training", "finished") > finished || Stopwatch.GetElapsedTime(start).TotalSeconds > 8, "a round is finished, or the time is up");
        await Task.Delay(TimeSpan.FromSeconds(seconds), TestContext.Current.CancellationToken);

        int Count(string topic, string what) => fleet.On(topic).Count(message => (string?)message["event"] == what);
    }

    /// <summary>What was heard of the killed start: when it had reached the broker, everything up to its last will. What earlier starts had left in the outbox comes as well, under their own boot ids.</summary>
    private static async Task<IReadOnlyList<Heard>> HeardOfAsync(Fleet fleet, int from)
    {
        await Task.Delay(200, TestContext.Current.CancellationToken); // The broker may be about to hand out the very first message.
        if (fleet.All.Count == from) return [];
        await Eventually.Holds(() => fleet.All.Skip(from).Any(m => m.Seq == 0), "the broker says that it is gone");
        string boot = fleet.All.Skip(from).First(m => m.Seq == 0).BootId;
        var heard = fleet.All.Skip(from).Where(m => m.BootId == boot).ToList();
        Assert.All(fleet.All.Skip(from).Where(m => m.BootId != boot), late => Assert.True(When(late) < heard.Where(m => m.Seq > 0).Min(When), late.ToString()));
        return heard.Any(m => m.Topic == "snapshot") ? heard : [];

        static DateTimeOffset When(Heard message) => DateTimeOffset.Parse((string)message.Body["ts"]!, System.Globalization.CultureInfo.InvariantCulture);
    }

    private static IEnumerable<KeyValuePair<string, long>> ByClass(IReadOnlyList<Example> examples) =>
        examples.GroupBy(e => e.Class).Select(g => KeyValuePair.Create(g.Key, (long)g.Count())).OrderBy(c => c.Key, StringComparer.Ordinal);
}
