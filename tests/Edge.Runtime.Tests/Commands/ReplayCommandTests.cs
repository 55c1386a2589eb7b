using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Edge.Config;
using Edge.Runtime.Stages;
using Edge.Runtime.Updates;
using Edge.Storage;

namespace Edge.Runtime.Tests.Commands;

/// <summary>The verbs of the memory, as a person meets them.</summary>
public sealed class ReplayCommandTests : IDisposable
{
    private static readonly DeviceConfig s_config = RunningConfig.Read(null).Verdict.Config!;
    private readonly DataFolder data = new();

    public void Dispose() => data.Dispose();

    [Fact]
    public async Task Stats_and_list_say_what_is_there_and_change_nothing()
    {
        await FillAsync();
        byte[] before = File.ReadAllBytes(data["edge-data/replay.db"]);
        using (var stats = await OneLineAsync("stats", "--json"))
        {
            var root = stats.RootElement;
            Assert.Equal(["sitting", "walking"], root.GetProperty("classes").EnumerateArray().Select(c => c.GetProperty("class").GetString()));
            Assert.Equal(40, root.GetProperty("classes").EnumerateArray().Sum(c => c.GetProperty("replay").GetInt32() + c.GetProperty("anchor").GetInt32() + c.GetProperty("fresh").GetInt32()));
            Assert.Equal((40L, 0L, 0L), (root.GetProperty("exampleCount").GetInt64(), root.GetProperty("corruptCount").GetInt64(), root.GetProperty("quarantinedCount").GetInt64()));
            Assert.InRange(root.GetProperty("writeAmplification").GetDouble(), 1, 9);
        }

        Assert.Contains("per byte of samples", (await RunAsync("stats")).Output);
        var listed = await RunAsync("list", "--class", "walking", "--limit", "3", "--json");
        Assert.Equal(3, listed.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.Contains("17 more are not shown", listed.Errors);
        using var first = JsonDocument.Parse(listed.Output.Split('\n')[0]);
        Assert.Equal((1, "walking", 1.0), (first.RootElement.GetProperty("id").GetInt32(), first.RootElement.GetProperty("class").GetString(), first.RootElement.GetProperty("startSeconds").GetDouble()));
        Assert.Equal(5, (await RunAsync("list", "--from", "3", "--to", "8")).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.Equal(before, File.ReadAllBytes(data["edge-data/replay.db"]));
    }

    [Fact]
    public async Task What_is_exported_is_imported_into_another_device_once()
    {
        await FillAsync();
        var exported = await RunAsync("export", "memory.npz");
        Assert.Equal((0, ""), (exported.ExitCode, exported.Errors));
        File.WriteAllText(data["other.json"], """{ "device": { "dataDirectory": "other" } }""");
        using (var done = await OneLineAsync("import", "memory.npz", "--config", "other.json", "--json")) Assert.Equal((40, 0), (done.RootElement.GetProperty("takenCount").GetInt32(), done.RootElement.GetProperty("heldAlready").GetInt32()));
        using (var again = await OneLineAsync("import", "memory.npz", "--config", "other.json", "--json")) Assert.Equal((0, 40), (again.RootElement.GetProperty("takenCount").GetInt32(), again.RootElement.GetProperty("doneBefore").GetInt32()));
        using (var forced = await OneLineAsync("import", "memory.npz", "--again", "--config", "other.json", "--json")) Assert.Equal((0, 40), (forced.RootElement.GetProperty("takenCount").GetInt32(), forced.RootElement.GetProperty("heldAlready").GetInt32()));
        Assert.Equal((await RunAsync("list", "--limit", "0")).Output, (await RunAsync("list", "--limit", "0", "--config", "other.json")).Output);
        Assert.Equal(0, (await RunAsync("verify", "--config", "other.json")).ExitCode);
    }

    [Fact]
    public async Task A_file_without_starts_that_is_imported_again_is_taken_once_all_the_same()
    {
        NpzWriter.Write(data["plain.npz"], new LabelledWindows { Window = new WindowShape(9, 128, 50), ClassNames = ["walking"], Values = new float[2 * 9 * 128], Classes = [0, 0], Subjects = [0, 0] });
        using (var done = await OneLineAsync("import", "plain.npz", "--json")) Assert.Equal((2, 0), (done.RootElement.GetProperty("takenCount").GetInt32(), done.RootElement.GetProperty("heldAlready").GetInt32()));
        using (var forced = await OneLineAsync("import", "plain.npz", "--again", "--json")) Assert.Equal((0, 2), (forced.RootElement.GetProperty("takenCount").GetInt32(), forced.RootElement.GetProperty("heldAlready").GetInt32()));
    }

    [Fact]
    public async Task Exit_codes_stand_in_a_verbs_own_help_and_are_not_repeated_above_it()
    {
        Assert.DoesNotContain("Exit codes", (await RunAsync("--help")).Output);
        string own = (await RunAsync("verify", "--help")).Output;
        Assert.Equal(2, own.Split("Exit codes: 0 done, ").Length);
        Assert.Contains("1 something is wrong", own);
    }

    [Fact]
    public async Task An_import_lets_nothing_go_that_the_statistics_do_not_count_yet()
    {
        await FillAsync();
        await RunAsync("export", "memory.npz");
        File.WriteAllText(data["other.json"], """{ "device": { "dataDirectory": "other" }, "replay": { "freshCapacity": 8, "capacity": 10 }, "training": { "roundExamples": 8 } }""");
        using (await OneLineAsync("import", "memory.npz", "--config", "other.json", "--json"))
        {
        }

        var options = ServiceHost.OptionsOf(s_config) with { CopyCount = 0, FreshCapacity = 8, Capacity = 10 };
        using var buffer = ReplayBuffer.Open(data["other/replay.db"], options, TimeProvider.System, ReplayAccess.Serve, trims: false); // As the service does.
        Assert.Equal(40, (await buffer.TrainableAsync()).Count + (await buffer.AnchorsAsync()).Count);
        Assert.True(await buffer.LeavingThroughAsync(0) > 0);
        await buffer.TrimAsync();
        Assert.Equal(8, buffer.Counts.FreshCount);
    }

    [Fact]
    public async Task Windows_that_are_none_of_the_device_are_refused_with_a_reason()
    {
        await FillAsync();
        using (var buffer = ReplayBuffer.Open(data["edge-data/replay.db"], ServiceHost.OptionsOf(s_config), TimeProvider.System))
            await buffer.OfferAsync([new Example { WindowId = 1, Class = "juggling", StartSeconds = 99, LabelledAt = DateTimeOffset.UnixEpoch, Samples = new float[9 * 128] }], null);
        await RunAsync("export", "strange.npz", "--class", "juggling");
        File.WriteAllText(data["other.json"], """{ "device": { "dataDirectory": "other" } }""");
        var classes = await RunAsync("import", "strange.npz", "--config", "other.json");
        Assert.Equal(70, classes.ExitCode);
        Assert.Contains("the classes juggling are not in labels.classes (walking, ", classes.Errors);
        File.WriteAllText(data["other.json"], """{ "device": { "dataDirectory": "other" }, "window": { "length": 64, "stride": 32 } }""");
        await RunAsync("export", "memory.npz", "--class", "walking");
        Assert.Contains("the windows have 128 samples per channel; window.length is 64", (await RunAsync("import", "memory.npz", "--config", "other.json")).Errors);
        Npz("three.npz", 3);
        Assert.Contains("the windows have 3 channels; sensor.kind 'simulated' has 9, and no round would take them", (await RunAsync("import", "three.npz")).Errors);
    }

    [Theory]
    [InlineData(100, 0f, "the windows were sampled at 100 Hz (sample_rate_hz); sensor.sampleRateHz is 50, and they would be learnt as if they were 2 times as long. Resample them, ")]
    [InlineData(50, 1e30f, "X[1, 2, 3] is 1E+30; a measurement is at most 1000000000 in magnitude, in any unit, and beyond it sums of features overflow. Take that window out of the file.")]
    [InlineData(50, -2e9f, "X[1, 2, 3] is -2E+09; a measurement is at most 1000000000")]
    public async Task What_no_sensor_of_the_device_measures_is_not_imported(double sampleRateHz, float value, string said)
    {
        float[] values = new float[2 * 9 * 128];
        values[9 * 128 + 2 * 128 + 3] = value;
        NpzWriter.Write(data["strange.npz"], new LabelledWindows { Window = new WindowShape(9, 128, sampleRateHz), ClassNames = ["walking"], Values = values, Classes = [0, 0], Subjects = [0, 0] });
        var ended = await RunAsync("import", "strange.npz");
        Assert.Equal((70, ""), (ended.ExitCode, ended.Output));
        Assert.Contains(said, ended.Errors);
        using var stats = await OneLineAsync("stats", "--json");
        Assert.Equal(0, stats.RootElement.GetProperty("exampleCount").GetInt64());
    }

    [Fact]
    public async Task Data_that_gives_no_sampling_rate_is_taken_for_the_devices_own()
    {
        Npz("two.npz", 9);
        using (var zip = ZipFile.Open(data["two.npz"], ZipArchiveMode.Update)) zip.GetEntry("sample_rate_hz.npy")!.Delete();
        using var done = await OneLineAsync("import", "two.npz", "--json");
        Assert.Equal(2, done.RootElement.GetProperty("takenCount").GetInt32());
    }

    [Fact]
    public async Task A_damaged_store_is_found_by_verify_refused_by_stats_and_repaired_by_compact()
    {
        await FillAsync();
        Assert.Equal((0, "40 examples are good, 0 records are not; nothing is wrong\n", ""), await PlainAsync("verify"));
        using (var file = new FileStream(data["edge-data/replay.db"], FileMode.Open, FileAccess.Write)) file.Write(new byte[8192]);
        var verified = await RunAsync("verify");
        Assert.Equal(1, verified.ExitCode);
        Assert.Contains("LiteDB fails after 0 records", verified.Output);
        Assert.Contains("40 examples are good", verified.Output);
        var stats = await RunAsync("stats");
        Assert.Equal(70, stats.ExitCode);
        Assert.Contains("'edge replay compact', or the next start of the service, restores it", stats.Errors);
        var compacted = await RunAsync("compact");
        Assert.Equal(0, compacted.ExitCode);
        Assert.Contains("40 examples were read from it, 0 taken from a copy; 0 records are lost", compacted.Errors);
        Assert.Contains("put aside", (await RunAsync("verify")).Output); // It says so until somebody has looked.
        using var after = await OneLineAsync("stats", "--json");
        Assert.Equal(40, after.RootElement.GetProperty("classes").EnumerateArray().Sum(c => c.GetProperty("replay").GetInt32() + c.GetProperty("anchor").GetInt32()));
    }

    [Fact]
    public async Task A_class_is_forgotten_everywhere_when_it_is_confirmed()
    {
        var secret = (await FillAsync()).Where(e => e.Class == "sitting").ToList();
        var statistics = new ClassStatistics("bank", 3);
        statistics.Add("sitting", new float[] { 1, 2, 3 });
        statistics.Add("walking", new float[] { 4, 5, 6 });
        new StatisticsFile(data["edge-data/statistics.bin"]).Save(statistics);
        new StatisticsShelf(data["edge-data/statistics.bin"]).LayAside("bank"); // As if other windows had been cut since.
        new StatisticsFile(data["edge-data/statistics.bin"]).Save(statistics);
        File.WriteAllText(data["edge-data/forgetting.json"], """{"evaluationCount":1,"best":[{"class":"sitting","bestPercent":90},{"class":"walking","bestPercent":80}]}""");
        foreach (string aside in new[] { "statistics.bin.other", "config/read-out-of-file/statistics.bin", "config/read-out-of-file.tmp/statistics.bin" }) Aside(aside, File.ReadAllBytes(data["edge-data/statistics.bin"]));
        foreach (string worthless in new[] { "statistics.bin.bad", "statistics.bin.tmp", "forgetting.json.bad" }) Aside(worthless, [.. "sitting"u8, 1]);
        byte[] window = [.. MemoryMarshal.AsBytes<float>(secret[0].Samples)];
        foreach (string worthless in new[] { "drift-reference.bin", "drift-reference.bin.tmp", "rounds/000007/samples.bin", "rounds/000007/candidate/parity.bin", "rounds/000007/candidate.tmp/parity.bin", "rounds/000008.tmp/samples.bin" }) Aside(worthless, window);

        var asked = await RunAsync("forget", "--class", "sitting");
        Assert.Equal(64, asked.ExitCode);
        Assert.Contains("20 examples of 'sitting' would be deleted for ever, and nobody can be asked here. Add --yes.", asked.Errors);
        Assert.Contains(Directory.GetFiles(data["edge-data"]), file => Holds(file, secret[0]));

        using (var done = await OneLineAsync("forget", "--class", "sitting", "--yes", "--json")) Assert.Equal((20, true, true, true, 1), (done.RootElement.GetProperty("exampleCount").GetInt32(), done.RootElement.GetProperty("inStatistics").GetBoolean(), done.RootElement.GetProperty("inMemory").GetBoolean(), done.RootElement.GetProperty("inDriftReference").GetBoolean(), done.RootElement.GetProperty("roundFolders").GetInt32()));
        foreach (string file in Directory.GetFiles(data["edge-data"], "*", SearchOption.AllDirectories))
        {
            Assert.All(secret, example => Assert.False(Holds(file, example), $"{file} holds {example.Id}"));
            Assert.False(File.ReadAllBytes(file).AsSpan().IndexOf("sitting"u8) >= 0, $"{file} names it");
        }

        string[] kept = [.. new[] { "statistics.bin", "statistics.bin.other", "config/read-out-of-file/statistics.bin" }.Select(file => data["edge-data/" + file]), Assert.Single(new StatisticsShelf(data["edge-data/statistics.bin"]).Files)];
        foreach (string file in kept) Assert.Equal(["walking"], new StatisticsFile(file).Look("bank", 3)!.Classes);
        Assert.Equal(0, (await RunAsync("verify")).ExitCode);
        Assert.True(File.Exists(data["edge-data/replay-copies/000001.db"]));
        using var again = await OneLineAsync("forget", "--class", "sitting", "--yes", "--json");
        Assert.Equal(0, again.RootElement.GetProperty("exampleCount").GetInt32());
    }

    [Fact]
    public async Task A_class_that_was_never_there_is_no_success_for_whoever_wants_it_forgotten()
    {
        await FillAsync();
        var misspelt = await RunAsync("forget", "--class", "siting", "--yes");
        Assert.Equal(1, misspelt.ExitCode);
        Assert.Contains("the store holds no example of 'siting'; it holds sitting, walking.", misspelt.Errors);
        Assert.Contains("labels.classes does not name it", misspelt.Errors);
        Assert.Equal(0, (await RunAsync("forget", "--class", "laying", "--yes")).ExitCode); // Known, and nothing was there: it is done.
        Assert.Equal(40, (await RunAsync("list", "--limit", "0")).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
    }

    [Fact]
    public async Task A_filter_that_nothing_passes_says_what_there_is()
    {
        await FillAsync();
        var listed = await RunAsync("list", "--class", "siting");
        Assert.Equal((0, "", "the store has no example of siting; it holds sitting, walking.\n"), (listed.ExitCode, listed.Output, listed.Errors));
        Assert.Equal("no example passes the filter; the store holds sitting, walking.\n", (await RunAsync("list", "--class", "sitting", "--to", "1")).Errors);
        var exported = await RunAsync("export", "x.npz", "--class", "siting");
        Assert.Equal((70, "edge replay export: the store has no example of siting; it holds sitting, walking; nothing was written.\n"), (exported.ExitCode, exported.Errors));
        Assert.False(File.Exists(data["x.npz"]));
        Assert.Equal("edge replay export: the folder '" + data["none"] + "' is not there. Make it first.\n", (await RunAsync("export", "none/x.npz")).Errors);
        Assert.Contains("is not the name of a file to write", (await RunAsync("export", ".")).Errors);
    }

    [Theory]
    [InlineData("nothing.npz", "there is no data set at ")]
    [InlineData("", "there is no data set of the name ''. Give a file")]
    [InlineData("empty", "empty: expected data within the first 64 KiB, and there are no bytes. Name a data file.")]
    public async Task An_import_of_what_is_no_data_set_is_refused_before_anything_is_made(string source, string said)
    {
        File.WriteAllBytes(data["empty"], []);
        string[] before = Directory.GetFileSystemEntries(data.Path);
        var ended = await RunAsync("import", source);
        Assert.Equal(70, ended.ExitCode);
        Assert.StartsWith($"edge replay import: {said}", ended.Errors);
        Assert.Equal(before, Directory.GetFileSystemEntries(data.Path));
    }

    [Theory]
    [InlineData(0, "it has 0 bytes, less than one page of 8192")]
    [InlineData(81_920, "LiteDB cannot read it: ")]
    public async Task A_file_that_is_no_store_is_named_with_how_it_shows_and_what_to_do(int zeros, string said)
    {
        Directory.CreateDirectory(data["edge-data"]);
        File.WriteAllBytes(data["edge-data/replay.db"], new byte[zeros]);
        var ended = await RunAsync("stats");
        Assert.Equal(70, ended.ExitCode);
        Assert.StartsWith($"edge replay stats: the replay buffer '{data["edge-data/replay.db"]}' is damaged: {said}", ended.Errors);
        Assert.EndsWith(". 'edge replay verify' says what can be read; 'edge replay compact', or the next start of the service, restores it.\n", ended.Errors);
        Assert.DoesNotContain("..", ended.Errors);
        Assert.Equal(1, (await RunAsync("verify")).ExitCode);
    }

    [Fact]
    public async Task A_class_without_a_name_is_not_forgotten()
    {
        var ended = await RunAsync("forget", "--class", "", "--yes");
        Assert.Equal(64, ended.ExitCode);
        Assert.StartsWith("edge: --class '': expected the name of a class", ended.Errors);
    }

    [Theory]
    [InlineData("--role none", "edge: --role none: expected one of replay, anchor, fresh.\n")]
    [InlineData("--from soon", "--from soon: expected seconds of stream time, a number such as 12.5.")]
    [InlineData("--to NaN", "--to NaN: expected seconds of stream time, a number such as 12.5.")]
    [InlineData("--limit many", "--limit many: expected a whole number, 0 or more. 0 shows all.")]
    [InlineData("--limit -1", "--limit -1: expected a whole number, 0 or more. 0 shows all.")]
    public async Task A_filter_that_makes_no_sense_is_refused_in_words_of_the_operator(string words, string said)
    {
        var ended = await RunAsync(["list", .. words.Split(' ')]);
        Assert.Equal(64, ended.ExitCode);
        Assert.Contains(said, ended.Errors);
        Assert.DoesNotContain("System.", ended.Errors);
    }

    [Theory]
    [InlineData("start_seconds", 1e300, "start_seconds: expected 2 numbers from -1000000000000 to 1000000000000, one for each case of X; number 1 is 1E+300")]
    [InlineData("labelled_at_ms", 1e16, "labelled_at_ms: expected 2 numbers from -62135596800000 to 62135596800000, one for each case of X; number 1 is 10000000000000000")]
    public async Task Times_that_no_clock_shows_are_refused(string array, double value, string said)
    {
        Npz("bent.npz", 9, array, value);
        var ended = await RunAsync("import", "bent.npz");
        Assert.Equal(70, ended.ExitCode);
        Assert.Contains(said, ended.Errors);
    }

    [Fact]
    public async Task A_data_directory_that_is_a_file_is_named()
    {
        Npz("two.npz", 9);
        File.WriteAllText(data["edge-data"], "");
        var ended = await RunAsync("import", "two.npz");
        Assert.Equal(70, ended.ExitCode);
        Assert.Contains($"the data directory '{data["edge-data"]}' cannot be created", ended.Errors);
        Assert.Contains("Set device.dataDirectory", ended.Errors);
    }

    [Fact]
    public async Task A_store_in_use_is_refused_with_its_holder_and_its_copy_can_be_read()
    {
        await FillAsync();
        using var buffer = ReplayBuffer.Open(data["edge-data/replay.db"], ServiceHost.OptionsOf(s_config) with { CopyCount = 0 }, TimeProvider.System);
        Assert.Contains("there is no copy of the replay buffer", (await RunAsync("stats", "--copy")).Errors);
        await buffer.CopyAsync();
        foreach (string[] verb in new string[][] { ["stats"], ["list"], ["export", "x.npz"], ["verify"], ["compact"], ["forget", "--class", "walking", "--yes"] })
        {
            var refused = await RunAsync(verb);
            Assert.Equal((70, ""), (refused.ExitCode, refused.Output));
            Assert.Contains($"is in use by process {Environment.ProcessId} (", refused.Errors);
        }

        Assert.Equal(40, (await RunAsync("list", "--limit", "0", "--copy")).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.Equal(0, (await RunAsync("verify", "--copy")).ExitCode);
        Assert.Equal(0, (await RunAsync("export", "x.npz", "--copy")).ExitCode);
        Assert.Contains("40 ", (await RunAsync("stats", "--copy")).Output);
    }

    [Fact]
    public async Task Where_there_is_no_store_it_is_said_and_none_is_made()
    {
        foreach (string[] verb in new string[][] { ["stats"], ["list"], ["export", "x.npz"], ["verify"], ["compact"], ["forget", "--class", "walking", "--yes"] })
        {
            var ended = await RunAsync(verb);
            Assert.Equal((70, ""), (ended.ExitCode, ended.Output));
            Assert.Contains("there is no replay buffer in", ended.Errors);
        }

        Assert.Empty(Directory.GetFileSystemEntries(data.Path));
        Assert.Equal(64, (await RunAsync("forget")).ExitCode);
        Assert.Equal(64, (await RunAsync("list", "--limit", "-1")).ExitCode);
        Assert.Equal(64, (await RunAsync("list", "--role", "nobody")).ExitCode);
    }

    /// <summary>Two windows as 'edge replay export' writes them; of one array the second number is another.</summary>
    private void Npz(string name, int channels, string bent = "", double value = 0)
    {
        NpzWriter.Write(data[name], new LabelledWindows { Window = new WindowShape(channels, 128, 50), ClassNames = ["walking"], Values = new float[2 * channels * 128], Classes = [0, 0], Subjects = [0, 0] });
        using var zip = ZipFile.Open(data[name], ZipArchiveMode.Update);
        foreach (string array in new[] { "id", "window_id", "role", "start_seconds", "labelled_at_ms" })
        {
            using var entry = zip.CreateEntry(array + ".npy").Open();
            entry.Write([0x93, .. "NUMPY"u8, 1, 0, 118, 0, .. Encoding.ASCII.GetBytes("{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }".PadRight(117) + "\n")]);
            entry.Write(MemoryMarshal.AsBytes<double>([1, array == bent ? value : 2]));
        }
    }

    /// <summary>Twenty windows each of two classes, at 1, 2, 3, … seconds.</summary>
    private async Task<IReadOnlyList<Example>> FillAsync()
    {
        Directory.CreateDirectory(data["edge-data"]);
        using var buffer = ReplayBuffer.Open(data["edge-data/replay.db"], ServiceHost.OptionsOf(s_config) with { CopyCount = 0 }, TimeProvider.System);
        var examples = Enumerable.Range(1, 40).Select(i => new Example
        {
            WindowId = (ulong)i,
            Class = i <= 20 ? "walking" : "sitting",
            StartSeconds = i / 8 * 10 + i % 8, // None is only partly in a block of 10 s.
            LabelledAt = DateTimeOffset.UnixEpoch.AddSeconds(i),
            Samples = [.. Enumerable.Range(0, 9 * 128).Select(v => i + v / 1024f)],
        }).ToList();
        var stored = new List<Example>();
        foreach (var batch in examples.Chunk(5)) stored.AddRange(await buffer.OfferAsync(batch, null)); // What writing cost is known up to the batch before the last.
        return stored;
    }

    private Task<Ended> RunAsync(params string[] arguments) => EdgeProgram.RunAsync(data.Path, ["replay", .. arguments]);

    private async Task<(int, string, string)> PlainAsync(params string[] arguments) => await RunAsync(arguments) is var ended ? (ended.ExitCode, ended.Output, ended.Errors) : default;

    private async Task<JsonDocument> OneLineAsync(params string[] arguments)
    {
        var ended = await RunAsync(arguments);
        Assert.True(ended.ExitCode == 0, ended.Errors);
        Assert.Single(ended.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        return JsonDocument.Parse(ended.Output);
    }

    private void Aside(string name, byte[] bytes)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(data["edge-data/" + name])!);
        File.WriteAllBytes(data["edge-data/" + name], bytes);
    }

    private static bool Holds(string file, Example example) => File.ReadAllBytes(file).AsSpan().IndexOf(MemoryMarshal.AsBytes<float>(example.Samples)) >= 0;
}
