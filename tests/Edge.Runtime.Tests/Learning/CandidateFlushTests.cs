using System.ComponentModel;
using System.Text.RegularExpressions;
using Edge.Runtime.Learning;
using Edge.Runtime.Tests.Commands;
using Edge.Runtime.Tests.Inference;

namespace Edge.Runtime.Tests.Learning;

/// <summary>What the kernel was asked for on a snapshot's way from the training child into the store, by strace: a power cut at any moment leaves its folder whole or not at all.</summary>
[Collection(nameof(FirstRound))]
public sealed partial class CandidateFlushTests(FirstRound first) : IDisposable
{
    private readonly DataFolder data = new();

    public void Dispose() => data.Dispose();

    [Fact]
    public async Task A_candidate_is_on_disk_file_by_file_and_name_by_name_before_it_has_its_name()
    {
        var folder = new RoundFolders(data["rounds"], 3).Create(RoundPlans.Initial(FirstRound.Config, TestSnapshot.Window, ["x", "y", "z"]), null, null);
        AssertAppearsWhole(await TraceAsync("train", "--round", folder.Path), folder.CandidateDirectory + ".tmp", folder.CandidateDirectory);
    }

    [Fact]
    public async Task A_promoted_snapshot_is_too_and_so_is_the_folder_of_the_first()
    {
        File.WriteAllText(data["device.json"], SnapshotCommandTests.Device);
        string[] lines = await TraceAsync("snapshot", "promote", first.Folder.Path, "--config", "device.json");
        string snapshots = data["edge-data/snapshots"];
        string promoted = Assert.Single(Directory.GetDirectories(snapshots));
        AssertAppearsWhole(lines, promoted + ".tmp", promoted);
        int made = Array.FindIndex(lines, line => line.Contains($"mkdir(\"{snapshots}\"", StringComparison.Ordinal));
        Assert.True(made >= 0 && Array.FindIndex(lines, made, line => IsForced(line, data["edge-data"])) > made, "the name of the folder of all snapshots was not forced to disk");
    }

    [Theory]
    [InlineData("file", "model.onnx was not forced to disk")]
    [InlineData("names", "the names in the folder were not forced to disk")]
    [InlineData("name", "the folder's own name was not forced to disk")]
    public void A_missing_flush_would_be_seen(string missing, string said)
    {
        string[] lines =
        [
            "1 pwrite64(40</r/candidate.tmp/model.onnx>, \"abc\"..., 8192, 0) = 8192", .. missing == "file" ? [] : new[] { "1 fsync(40</r/candidate.tmp/model.onnx>) = 0" },
            .. missing == "names" ? [] : new[] { "1 fsync(41</r/candidate.tmp>) = 0" },
            "1 rename(\"/r/candidate.tmp\", \"/r/candidate\") = 0", .. missing == "name" ? [] : new[] { "1 fsync(42</r>) = 0" },
        ];
        Assert.Contains(said, Assert.ThrowsAny<Exception>(() => AssertAppearsWhole(lines, "/r/candidate.tmp", "/r/candidate")).Message);
    }

    private static void AssertAppearsWhole(string[] lines, string temporary, string final)
    {
        int renamed = Array.FindIndex(lines, line => Renamed().Match(line) is { Success: true } names && names.Groups[1].Value == temporary && names.Groups[2].Value == final);
        Assert.True(renamed >= 0, $"{temporary} was not renamed to {final}");
        var files = lines.Take(renamed).Select((line, at) => (Match: Written().Match(line), at)).Where(write => write.Match.Success && Path.GetDirectoryName(write.Match.Groups[1].Value) == temporary)
            .GroupBy(write => write.Match.Groups[1].Value, write => write.at).ToDictionary(group => group.Key, group => group.Max());
        Assert.NotEmpty(files);
        foreach (var (file, last) in files) Assert.True(Array.FindIndex(lines, last, renamed - last, line => IsForced(line, file)) >= 0, $"{Path.GetFileName(file)} was not forced to disk");
        Assert.True(Array.FindIndex(lines, files.Values.Max(), renamed - files.Values.Max(), line => IsForced(line, temporary)) >= 0, "the names in the folder were not forced to disk");
        Assert.True(Array.FindIndex(lines, renamed, line => IsForced(line, Path.GetDirectoryName(final)!)) >= 0, "the folder's own name was not forced to disk");
    }

    private static bool IsForced(string line, string path) => Forced().Match(line) is { Success: true } force && force.Groups[1].Value == path;

    private async Task<string[]> TraceAsync(params string[] arguments)
    {
        try
        {
            var ended = await EdgeProgram.RunOtherAsync("strace", data.Path, ["-f", "--seccomp-bpf", "-y", "-s", "8", "-e", "trace=write,pwrite64,pwritev,fsync,fdatasync,rename,renameat,renameat2,mkdir,mkdirat", "-o", data["trace"], EdgeProgram.Path, .. arguments]);
            Assert.SkipWhen(ended.Errors.Contains("ptrace", StringComparison.OrdinalIgnoreCase), "strace may not trace here");
            Assert.True(ended.ExitCode == 0, ended.Errors);
        }
        catch (Win32Exception)
        {
            Assert.Skip("strace is not installed (apt-get install strace)");
        }

        return File.ReadAllLines(data["trace"]);
    }

    [GeneratedRegex(@"(?:write|pwrite64|pwritev)\(\d+<([^>]*)>")]
    private static partial Regex Written();

    [GeneratedRegex(@"(?:fsync|fdatasync)\(\d+<([^>]*)>")]
    private static partial Regex Forced();

    [GeneratedRegex("""rename(?:at2?)?\((?:AT_FDCWD[^,]*, )?"([^"]*)", (?:AT_FDCWD[^,]*, )?"([^"]*)".* = 0$""")]
    private static partial Regex Renamed();
}
