using System.Text.RegularExpressions;
using Edge.Runtime.Tests.Learning;

namespace Edge.Runtime.Tests.Layers;

/// <summary>The build itself keeps the layers: a forbidden reference, or a library's type outside its home, does not compile.</summary>
[Collection(nameof(FirstRound))]
public sealed partial class LayerTests : IDisposable
{
    private static readonly string s_configuration = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Parent!.Name; // bin/Release/net10.0/linux-x64
    private readonly DataFolder data = new();

    public void Dispose() => data.Dispose();

    [Fact]
    public async Task No_library_is_visible_outside_its_home()
    {
        var ended = await ProbeAsync();
        Assert.Equal(1, ended.ExitCode);
        var errors = CompilerError().Matches(ended.Output).Select(m => (File: m.Groups[1].Value, Code: m.Groups[2].Value, Name: m.Groups[3].Value)).Distinct().Order().ToList();
        Assert.Equal(
            [
                ("LiteDbOutsideStorage", "CS0246", "LiteDB"),
                ("MqttOutsideTelemetry", "CS0246", "MQTTnet"),
                ("OnnxRuntimeOutsideRuntime", "CS0234", "ML"),
                ("ProtobufOutsideTrainer", "CS0246", "Google"),
                ("TorchOutsideTrainer", "CS0246", "TorchSharp"),
            ],
            errors);
        Assert.Equal(Directory.GetFiles(Path.Combine(EdgeProgram.Repository, "tests/Edge.LayerProbe/Forbidden")).Length, errors.Count);
    }

    [Fact]
    public async Task Edges_own_types_are_visible_so_that_the_errors_above_mean_something()
    {
        var ended = await ProbeAsync("-p:EdgeProbe=allowed");
        Assert.True(ended.ExitCode == 0, ended.Output + ended.Errors);
    }

    [Theory]
    [InlineData("Telemetry", "Trainer", "Edge.Telemetry must not reference Edge.Trainer: it may reference Edge.Storage;Edge.Config.")]
    [InlineData("Trainer", "Telemetry", "Edge.Trainer must not reference Edge.Telemetry: it may reference Edge.Storage;Edge.Config.")]
    [InlineData("Storage", "Telemetry", "Edge.Storage must not reference Edge.Telemetry: it may reference no project.")] // This one closes a circle.
    [InlineData("device-config", "Storage", "Edge.Config must not reference Edge.Storage: it may reference no project.")]
    public async Task A_forbidden_reference_fails_the_build(string from, string to, string message)
    {
        string project = Assert.Single(Directory.GetFiles(Path.Combine(EdgeProgram.Repository, from), "*.csproj")), other = Assert.Single(Directory.GetFiles(Path.Combine(EdgeProgram.Repository, to), "*.csproj"));
        File.WriteAllText(data["extra.targets"], $"""
            <Project>
              <ItemGroup Condition="'$(MSBuildProjectName)' == '{Path.GetFileNameWithoutExtension(project)}'"><ProjectReference Include="{other}" /></ItemGroup>
            </Project>
            """);
        var ended = await BuildAsync(project, $"-p:CustomAfterMicrosoftCommonTargets={data["extra.targets"]}");
        Assert.Equal(1, ended.ExitCode);
        Assert.Contains($"error EDGE001: {message}", ended.Output);
    }

    [Fact]
    public void Every_project_of_the_product_takes_part()
    {
        string[] projects = [.. Directory.GetDirectories(EdgeProgram.Repository).Where(folder => Path.GetFileName(folder) != "tests").SelectMany(folder => Directory.GetFiles(folder, "*.csproj"))];
        Assert.Equal(5, projects.Length);
        Assert.All(projects, project => Assert.Contains("<EdgeLayer>true</EdgeLayer>", File.ReadAllText(project)));
    }

    private Task<Ended> ProbeAsync(params string[] options) => BuildAsync(
        Path.Combine(EdgeProgram.Repository, "tests/Edge.LayerProbe/Edge.LayerProbe.csproj"), ["-t:Compile", "-p:BuildProjectReferences=false", $"-p:EdgeProbeFolder={data["probe"]}", .. options]);

    // Without servers: one that outlives the build would hold its output open.
    private Task<Ended> BuildAsync(string project, params string[] options) =>
        EdgeProgram.RunOtherAsync("dotnet", EdgeProgram.Repository, ["build", project, "-c", s_configuration, "-nologo", "-v:q", "-nodeReuse:false", "-p:UseSharedCompilation=false", .. options]);

    [GeneratedRegex(@"Forbidden/(\w+)\.cs\(\d+,\d+\): error (CS\d+): The type or namespace name '(\w+)'")]
    private static partial Regex CompilerError();
}
