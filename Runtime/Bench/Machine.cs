using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Edge.Runtime.Bench;

/// <summary>What a cell was measured with.</summary>
/// <param name="Program">Version of this program, with the commit where the build knew it: <c>0.1.0+6c76616ced</c>, and <c>-dirty</c> behind it where code of the build was not committed, <c>-unchecked</c> where nobody could tell.</param>
/// <param name="Processor">Model name of the processor.</param>
/// <param name="CoreCount">Its logical cores; a cell uses one.</param>
/// <param name="Runtime">.NET.</param>
/// <param name="TorchSharp">Version of TorchSharp.</param>
/// <param name="LibTorch">Version of libtorch.</param>
public sealed record Machine(string Program, string Processor, int CoreCount, string Runtime, string TorchSharp, string LibTorch)
{
    private const int CommitLength = 10;

    /// <summary>This machine and this program.</summary>
    public static Machine Here { get; } = new(ProgramVersion(), ProcessorName(), Environment.ProcessorCount, RuntimeInformation.FrameworkDescription, PackageVersion("TorchSharp"), PackageVersion("libtorch-cpu"));

    /// <summary>One line for a reader.</summary>
    public override string ToString() => $"{Processor} ({CoreCount} cores), {Runtime}, TorchSharp {TorchSharp}, libtorch {LibTorch}, edge {Program}";

    /// <summary>Version with the commit cut to ten digits; what the build says of it beyond that stays.</summary>
    /// <param name="informational">As the build wrote it: version, plus sign, commit and perhaps a mark behind a hyphen.</param>
    public static string Shortened(string informational)
    {
        string[] parts = informational.Split('+', 2);
        if (parts.Length == 1) return parts[0];
        int mark = parts[1].IndexOf('-');
        string commit = mark < 0 ? parts[1] : parts[1][..mark];
        return $"{parts[0]}+{commit[..Math.Min(CommitLength, commit.Length)]}{(mark < 0 ? "" : parts[1][mark..])}";
    }

    private static string ProgramVersion() => Shortened(typeof(Machine).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? Product.Version);

    private static string ProcessorName()
    {
        const string info = "/proc/cpuinfo";
        string? line = File.Exists(info) ? File.ReadLines(info).FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal)) : null;
        return line?.Split(':', 2)[1].Trim() ?? RuntimeInformation.ProcessArchitecture.ToString();
    }

    /// <summary>From the list of dependencies that the build wrote: the natives themselves are loaded in the children only.</summary>
    private static string PackageVersion(string name)
    {
        string list = Path.Combine(AppContext.BaseDirectory, "edge.deps.json");
        if (!File.Exists(list)) return "of an unknown version";
        using var dependencies = JsonDocument.Parse(File.ReadAllBytes(list));
        return dependencies.RootElement.GetProperty("libraries").EnumerateObject().Select(library => library.Name.Split('/'))
            .FirstOrDefault(library => library[0] == name || library[0].StartsWith(name + "-", StringComparison.Ordinal))?[1] ?? "absent";
    }
}
