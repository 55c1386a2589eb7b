using System.Text.Json;
using System.Text;
using Edge.Runtime.Tests.Learning;
using Edge.Trainer.Rounds;

namespace Edge.Runtime.Tests.Commands;

/// <summary>The process that loads libtorch and trains.</summary>
[Collection(nameof(FirstRound))]
public sealed class TrainCommandTests(FirstRound first) : IDisposable
{
    private const string Version = "GLIBCXX_3.4.32";
    private readonly DataFolder data = new();

    public void Dispose() => data.Dispose();

    [Fact]
    public void A_first_round_makes_a_snapshot()
    {
        Assert.Equal((0, ""), (first.Ended.ExitCode, first.Ended.Errors));
        Assert.StartsWith("round 0: 0 steps in ", first.Ended.Output);
        Assert.True(first.Folder.ReadReport().HasCandidate);
    }

    [Fact]
    public async Task A_process_loads_libtorch_and_trains()
    {
        var folder = first.FineTune(data, round: 4, epochs: 2);
        var ended = await EdgeProgram.RunAsync(data.Path, "train", "--round", folder.Path, "--json");
        Assert.Equal((0, ""), (ended.ExitCode, ended.Errors));
        var lines = ended.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonSerializer.Deserialize<RoundProgress>(line, RoundFolder.Json)!).ToList();
        Assert.Equal(4, lines[^1].Round);
        Assert.Equal(lines[^1].StepCount, lines[^1].Step);

        var report = folder.ReadReport();
        Assert.True(report.StepCount > 0);
        Assert.Equal((60, 30), (report.FreshCount, report.ReplayCount));
        Assert.NotEqual(File.ReadAllBytes(folder.ParentCheckpointFile), File.ReadAllBytes(folder.CheckpointFile));
    }

    [Fact]
    public async Task A_folder_that_is_not_there_is_a_fault_with_its_name()
    {
        var ended = await EdgeProgram.RunAsync(data.Path, "train", "--round", data["nowhere"]);
        Assert.Equal((70, ""), (ended.ExitCode, ended.Output));
        Assert.Contains(data["nowhere"], ended.Errors);
    }

    [Fact]
    public void The_natives_of_the_output_need_no_newer_libstdc_and_the_package_cache_is_as_it_was()
    {
        string library = Path.Combine(AppContext.BaseDirectory, "libLibTorchSharp.so");
        Assert.SkipUnless(File.Exists(library), $"training natives are not part of this platform's build: there is no {library}");
        string cache = Environment.GetEnvironmentVariable("NUGET_PACKAGES") is { Length: > 0 } folder ? folder : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        using var dependencies = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "edge.deps.json")));
        string version = dependencies.RootElement.GetProperty("libraries").EnumerateObject().Select(p => p.Name.Split('/')).Single(name => name[0] == "TorchSharp")[1];
        string package = Path.Combine(cache, "torchsharp", version, "runtimes", "linux-x64", "native", "libLibTorchSharp.so");
        Assert.SkipUnless(File.Exists(package), $"the package cache was cleared after the build: there is no {package}");

        var (original, built) = (File.ReadAllBytes(package), File.ReadAllBytes(library));
        Assert.Equal(original.Length, built.Length);
        var changed = Enumerable.Range(0, built.Length).Where(i => built[i] != original[i]).ToList();
        int flags = FlagsOffset(original);
        Assert.Equal([flags], changed);
        Assert.Equal((0, 2), (original[flags], built[flags])); // VER_FLG_WEAK
    }

    /// <summary>Offset of vna_flags of the one need of <see cref="Version"/>, by the section headers of an ELF64 file.</summary>
    private static int FlagsOffset(byte[] image)
    {
        int sections = (int)BitConverter.ToInt64(image, 0x28), size = BitConverter.ToUInt16(image, 0x3a), count = BitConverter.ToUInt16(image, 0x3c);
        int needs = Enumerable.Range(0, count).Select(i => sections + i * size).Single(header => BitConverter.ToUInt32(image, header + 4) == 0x6ffffffe);
        int strings = (int)BitConverter.ToInt64(image, sections + BitConverter.ToInt32(image, needs + 0x28) * size + 0x18);
        byte[] name = [.. Encoding.ASCII.GetBytes(Version), 0];
        int start = (int)BitConverter.ToInt64(image, needs + 0x18);
        var found = new List<int>();
        for (int need = start, step = -1; step != 0; need += step)
        {
            int auxiliary = need + BitConverter.ToInt32(image, need + 8);
            for (int left = BitConverter.ToUInt16(image, need + 2); left > 0; left--)
            {
                if (image.AsSpan(strings + BitConverter.ToInt32(image, auxiliary + 8), name.Length).SequenceEqual(name)) found.Add(auxiliary + 4);
                auxiliary += BitConverter.ToInt32(image, auxiliary + 12);
            }

            step = BitConverter.ToInt32(image, need + 12);
        }

        return Assert.Single(found);
    }
}
