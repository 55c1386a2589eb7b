using System.Text.Json;
using Edge.Config;
using Edge.Runtime.Stages;
using Edge.Runtime.Tests.Inference;
using Edge.Runtime.Updates;
using Edge.Storage;

namespace Edge.Runtime.Tests.Commands;

/// <summary>The verbs of a device one of whose classes is called otherwise now: they say the name of now and take either.</summary>
public sealed class RenamedClassVerbsTests : IDisposable
{
    private const string Renamed = """{ "labels": { "classes": ["jogging", "walkingUpstairs", "walkingDownstairs", "sitting", "standing", "laying"], "renamed": { "walking": "jogging" } } }""";
    private readonly DataFolder data = new();

    public void Dispose() => data.Dispose();

    [Fact]
    public async Task Stats_list_and_export_say_the_name_of_now_and_a_filter_takes_either()
    {
        await FillAsync();
        using (var stats = JsonDocument.Parse((await RunAsync("replay", "stats", "--json")).Output))
            Assert.Equal(["jogging", "sitting"], stats.RootElement.GetProperty("classes").EnumerateArray().Select(c => c.GetProperty("class").GetString()));
        foreach (string name in new[] { "walking", "jogging" })
        {
            string[] lines = (await RunAsync("replay", "list", "--class", name, "--limit", "0")).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
            Assert.Equal(20, lines.Length);
            Assert.All(lines, line => Assert.EndsWith(" jogging", line, StringComparison.Ordinal));
        }

        Assert.Equal(0, (await RunAsync("replay", "export", "memory.npz", "--class", "walking")).ExitCode);
        Assert.Equal(["jogging"], DatasetReader.Read(data["memory.npz"], new DatasetReadOptions { AllowsOneClass = true }, null, TestContext.Current.CancellationToken).Train.ClassNames);
    }

    [Fact]
    public async Task An_export_from_before_is_imported_under_the_name_of_now_and_not_twice()
    {
        await FillAsync();
        Assert.Equal(0, (await RunAsync("replay", "export", "before.npz", "--config", "before.json")).ExitCode);
        using (var again = JsonDocument.Parse((await RunAsync("replay", "import", "before.npz", "--json")).Output))
            Assert.Equal((0, 40), (again.RootElement.GetProperty("takenCount").GetInt32(), again.RootElement.GetProperty("heldAlready").GetInt32()));
        File.WriteAllText(data["other.json"], Renamed.Replace("{ \"labels\"", "{ \"device\": { \"dataDirectory\": \"other\" }, \"labels\"", StringComparison.Ordinal));
        using (var taken = JsonDocument.Parse((await RunAsync("replay", "import", "before.npz", "--json", "--config", "other.json")).Output))
            Assert.Equal(40, taken.RootElement.GetProperty("takenCount").GetInt32());
        Assert.Contains(" jogging", (await RunAsync("replay", "list", "--config", "other.json")).Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("walking")]
    [InlineData("jogging")]
    public async Task Either_name_forgets_the_class_wherever_it_lies(string name)
    {
        await FillAsync();
        var statistics = new ClassStatistics("bank", 3);
        foreach (string stored in new[] { "walking", "jogging", "sitting" }) statistics.Add(stored, new float[] { 1, 2, 3 });
        new StatisticsFile(data["edge-data/statistics.bin"]).Save(statistics);
        new StatisticsShelf(data["edge-data/statistics.bin"]).LayAside("bank");
        new StatisticsFile(data["edge-data/statistics.bin"]).Save(statistics);
        File.WriteAllText(data["edge-data/forgetting.json"], """{"evaluationCount":1,"best":[{"class":"walking","bestPercent":90},{"class":"jogging","bestPercent":70},{"class":"sitting","bestPercent":80}]}""");

        var done = await RunAsync("replay", "forget", "--class", name, "--yes");
        Assert.Equal(0, done.ExitCode);
        Assert.Contains("'jogging': 20 examples forgotten; statistics forgotten", done.Output, StringComparison.Ordinal);
        Assert.Equal(name == "walking", done.Errors.Contains("'walking' is called 'jogging' now (labels.renamed)", StringComparison.Ordinal));
        foreach (string file in Directory.GetFiles(data["edge-data"], "*", SearchOption.AllDirectories))
        {
            Assert.False(File.ReadAllBytes(file).AsSpan().IndexOf("walking"u8) >= 0, $"{file} names it as before");
            Assert.False(File.ReadAllBytes(file).AsSpan().IndexOf("jogging"u8) >= 0, $"{file} names it");
        }

        Assert.Equal(["sitting"], new StatisticsFile(Assert.Single(new StatisticsShelf(data["edge-data/statistics.bin"]).Files)).Look("bank", 3)!.Classes);
    }

    [Fact]
    public async Task Snapshots_are_shown_with_the_name_of_now_and_a_change_of_name_is_no_difference()
    {
        File.WriteAllText(data["device.json"], Renamed);
        string[] before = [.. new LabelsSection().Classes];
        File.Copy(TestSnapshot.Write(data), data["model.onnx.copy"]);
        File.WriteAllBytes(data["model.checkpoint"], [1]);
        var store = new SnapshotStore(data["edge-data/snapshots"], 5);
        var first = store.Promote(data["model.onnx.copy"], data["model.checkpoint"], TestSnapshot.Manifest with { Classes = before });
        Assert.Contains("classes         jogging, walkingUpstairs", (await RunAsync("snapshot", "show")).Output, StringComparison.Ordinal);
        Assert.EndsWith("jogging, walkingUpstairs, walkingDownstairs, sitting, standing, laying\n", (await RunAsync("snapshot", "list")).Output, StringComparison.Ordinal);
        var second = store.Promote(data["model.onnx.copy"], data["model.checkpoint"], TestSnapshot.Manifest with { Classes = [.. before.Select(name => name == "walking" ? "jogging" : name)], ParentId = first.Id }); // As if it had been called so without saying it.
        Assert.Contains("classes        the same", (await RunAsync("snapshot", "diff", first.Id, second.Id)).Output, StringComparison.Ordinal);
        File.WriteAllText(data["device.json"], "{}");
        Assert.Contains("classes        +jogging, -walking", (await RunAsync("snapshot", "diff", first.Id, second.Id)).Output, StringComparison.Ordinal);
    }

    /// <summary>Twenty windows each of two classes, none of them only partly in a block of 10 s, stored before one of them was called otherwise.</summary>
    private async Task FillAsync()
    {
        File.WriteAllText(data["before.json"], "{}");
        File.WriteAllText(data["device.json"], Renamed);
        Directory.CreateDirectory(data["edge-data"]);
        using var buffer = ReplayBuffer.Open(data["edge-data/replay.db"], ServiceHost.OptionsOf(RunningConfig.Read(null).Verdict.Config!) with { CopyCount = 0 }, TimeProvider.System);
        await buffer.OfferAsync([.. Enumerable.Range(1, 40).Select(i => new Example { WindowId = (ulong)i, Class = i <= 20 ? "walking" : "sitting", StartSeconds = (i / 8 * 10) + (i % 8), LabelledAt = DateTimeOffset.UnixEpoch.AddSeconds(i), Samples = [.. Enumerable.Range(0, 9 * 128).Select(k => i + k / 2048f)] })], null);
    }

    private Task<Ended> RunAsync(params string[] arguments) =>
        EdgeProgram.RunAsync(data.Path, arguments.Contains("--config") ? arguments : [.. arguments, "--config", "device.json"]);
}
