using System.Text.Json.Nodes;
using Edge.EndToEnd.Tests.World;
using Edge.Runtime.Windowing;
using Edge.Storage;

namespace Edge.EndToEnd.Tests;

/// <summary>A sensor that gives what no sensor measures, and one whose channel sticks.</summary>
public sealed class BrokenSensorTests
{
    private const int DriftEvent = 2101, FailedEvent = 2003;
    private const int Walking = 0, StuckChannel = 8, StuckFrom = 64 * 200;

    [Fact]
    public async Task Windows_with_impossible_samples_are_counted_and_go_nowhere_and_a_stuck_channel_is_named()
    {
        var people = new RecordedPeople(c => c == Walking ? 300 : 20, judgedOn: 4);
        float[][] walking = people.SignalOf(Walking);

        // A broken wire: as float32 their squares are infinite, and infinite less infinite is no number.
        (walking[0][64 * 10], walking[0][64 * 10 + 1], walking[3][64 * 40 + 5], walking[8][64 * 120]) = (float.MaxValue, float.MinValue, -1e20f, 2e9f);
        for (int t = 64 * 70; t < 64 * 71; t++)
            for (int channel = 0; channel < walking.Length; channel++) walking[channel][t] = 3e38f;
        for (int t = StuckFrom; t < walking[StuckChannel].Length; t++) walking[StuckChannel][t] = 0.25f;
        int broken = people.BrokenCount(Windower.LargestMagnitude), sound = people.StreamedCount - broken;
        Assert.Equal((400, 8), (people.StreamedCount, broken));

        await using var device = await Recorded(people);
        var run = device.Run("--until-end");
        Assert.Equal(0, await run.EndAsync());
        var summary = run.Summary();
        Assert.Equal((sound, broken, 0L), ((long)summary["windowsSeen"]!, (long)summary["windowsBroken"]!, (long)summary["windowsDropped"]!));
        Assert.Equal((sound, 0L), ((long)summary["examplesStored"]!, (long)summary["roundsFailed"]!));
        Assert.True((long)summary["roundsRun"]! >= 1 && (long)summary["snapshotsPromoted"]! >= 1, summary.ToJsonString());
        Assert.Equal(0, run.LoggedCount(FailedEvent));
        Assert.All(Numbers(summary), number => Assert.True(double.IsFinite(number.GetValue<double>()), number.GetPath()));

        // What is trained on, what is judged on and what answers.
        using var buffer = device.OpenBuffer();
        var ids = (await buffer.ListAsync()).Select(example => example.Id).ToList();
        var examples = await buffer.ReadAsync(ids);
        Assert.Equal(ids.Count, examples.Count);
        Assert.InRange(ids.Count, 306, sound); // How many still wait for a round depends on when the drift was noticed.
        Assert.All(examples, example => Assert.True(example.Samples.All(value => MathF.Abs(value) <= Windower.LargestMagnitude), $"example {example.Id} is sound"));
        var prototypes = await buffer.PrototypesAsync();
        Assert.NotNull(prototypes);
        Assert.DoesNotContain(prototypes.ToMatrix(UciHarArchive.ClassNames).Values, value => !float.IsFinite(value));

        // A channel without noise is no broken window; that it no longer moves is a drift of the inputs.
        var drift = run.Logged(DriftEvent);
        Assert.True(drift is not null, run.Said);
        Assert.Equal(("inputs", $" ({UciHarArchive.Channels[StuckChannel]})"), ((string)drift["What"]!, (string)drift["Channel"]!));
    }

    [Fact]
    public async Task A_recording_with_words_for_numbers_is_refused_by_file_line_and_value()
    {
        foreach (float value in new[] { float.NaN, float.PositiveInfinity })
        {
            var people = new RecordedPeople(_ => 4, judgedOn: 2);
            people.SignalOf(Walking)[2][64 + 3] = value;
            await using var device = await Recorded(people);
            var run = device.Run("--until-end");
            Assert.NotEqual(0, await run.EndAsync());
            Assert.True(run.Said.Contains("total_acc_z_train.txt, line 1: expected 128 finite numbers, value 68 is not one.", StringComparison.Ordinal), run.Said);
            using var buffer = device.OpenBuffer();
            Assert.Empty(await buffer.ListAsync());
        }
    }

    private static Task<DeviceFolder> Recorded(RecordedPeople people)
    {
        var device = DeviceFolder.Create();
        return device.With("sensor.kind", "uciHar").With("sensor.speed", 0).With("sensor.uciHar", new JsonObject { ["path"] = people.Write(device.Path) })
            .With("drift", new JsonObject { ["detectors"] = new JsonArray("inputs"), ["referenceWindows"] = 100 }).With("training.roundExamples", 200).WithFirstSnapshotAsync();
    }

    private static IEnumerable<JsonValue> Numbers(JsonNode? node) => node switch
    {
        JsonObject fields => fields.SelectMany(field => Numbers(field.Value)),
        JsonArray items => items.SelectMany(Numbers),
        JsonValue value when value.GetValueKind() == System.Text.Json.JsonValueKind.Number => [value],
        JsonValue value when value.ToString() is "NaN" or "Infinity" or "-Infinity" => [JsonValue.Create(double.NaN)],
        _ => [],
    };
}
