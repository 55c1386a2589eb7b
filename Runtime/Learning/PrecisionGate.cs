using System.Globalization;
using Edge.Config;
using Edge.Runtime.Inference;
using Edge.Storage;
using Microsoft.ML.OnnxRuntime;

namespace Edge.Runtime.Learning;

/// <summary>What came of a graph in less than float32.</summary>
/// <param name="Kind"><c>int8</c> or <c>float16</c>.</param>
/// <param name="Provider">The execution provider that it was examined on, and that it may run on.</param>
/// <param name="File">The graph; null where it could not be derived or is refused.</param>
/// <param name="Figures">Accuracies and latencies, for a person; empty where nothing could be measured.</param>
/// <param name="Reasons">All reasons against it; none: it runs.</param>
public sealed record PrecisionVerdict(string Kind, string Provider, byte[]? File, string Figures, IReadOnlyList<string> Reasons)
{
    /// <summary>Numbers that the snapshot computes with: the kind, or <c>float32</c> where it is refused.</summary>
    public string Runs => File is null ? "float32" : Kind;

    /// <summary>All of it in one line.</summary>
    public override string ToString() => $"{(File is null ? $"{Kind} refused: {string.Join("; ", Reasons)}" : $"runs in {Kind}")}{(Figures.Length > 0 ? $" ({Figures})" : "")}";
}

/// <summary>A graph in less than float32 runs only if it is about as accurate on the anchors as the float32 graph, and faster, both measured on this machine.</summary>
public static class PrecisionGate
{
    /// <summary>Points of accuracy on the anchor set that it may cost.</summary>
    public const double MaxDropPoints = 0.5;

    /// <summary>Judges figures; pure.</summary>
    /// <param name="float32">The float32 graph on the anchors.</param>
    /// <param name="reduced">The other on the same anchors, with the same read-out.</param>
    /// <param name="latency">First the float32 graph, then the other.</param>
    public static IReadOnlyList<string> Judge(ExamResult float32, ExamResult reduced, SideBySide latency)
    {
        var reasons = new List<string>();
        double drop = float32.AccuracyPercent - reduced.AccuracyPercent;
        if (!(drop <= MaxDropPoints)) reasons.Add(Text($"accuracy on the anchor set {reduced.AccuracyPercent:0.0} %, float32 has {float32.AccuracyPercent:0.0} %; at most {MaxDropPoints} points may be lost"));
        if (!(latency.SecondMs < latency.FirstMs)) reasons.Add(Text($"it is not faster: {latency.SecondMs:0.000} ms a window, float32 takes {latency.FirstMs:0.000} ms on this machine"));
        return reasons;
    }

    /// <summary>Derives the graph that the configuration asks for, examines it beside the float32 graph, and judges.</summary>
    /// <param name="modelFile">The float32 graph.</param>
    /// <param name="snapshot">Its description.</param>
    /// <param name="readOut">The read-out that it runs with.</param>
    /// <param name="trainable">Windows of the replay buffer, to calibrate on.</param>
    /// <param name="anchors">The anchor set.</param>
    /// <param name="settings">The section of the configuration.</param>
    /// <param name="time">Clock of the latencies.</param>
    /// <param name="providers">Providers of the service; null: those of the configuration.</param>
    /// <returns>The verdict; null where the configuration asks for float32.</returns>
    public static PrecisionVerdict? Examine(
        string modelFile, SnapshotManifest snapshot, ReadOutWeights readOut, IReadOnlyList<Example> trainable, IReadOnlyList<Example> anchors, InferenceSection settings, TimeProvider time, ProviderChain? providers = null)
    {
        if (settings.Precision == "float32") return null;
        providers ??= new ProviderChain(settings);
        using var full = providers.Open(new GraphFile(modelFile), snapshot);
        string kind = ReducedGraph.KindFor(settings.Precision, full.Provider)!;
        if (anchors.Count == 0) return new PrecisionVerdict(kind, full.Provider, null, "", ["there is no anchor to examine it on"]);
        var before = AnchorExam.Examine(full, readOut, settings, AnchorExam.Pairs(anchors)); // Where this fails it is no fault of the other graph.
        string derived = Path.Combine(Path.GetDirectoryName(modelFile)!, $"{Path.GetFileNameWithoutExtension(modelFile)}.{kind}.exam");
        try
        {
            byte[] file = ReducedGraph.Derive(kind, File.ReadAllBytes(modelFile), snapshot.Window, [.. trainable.Select(e => (ReadOnlyMemory<float>)e.Samples)], settings);
            File.WriteAllBytes(derived, file);
            using var reduced = new ProviderChain(settings with { Providers = [full.Provider] }) { Maker = providers.Maker }.Open(new GraphFile(derived, kind), snapshot);
            var after = AnchorExam.Examine(reduced, readOut, settings, AnchorExam.Pairs(anchors));
            var latency = SideBySide.Measure(full, reduced, [.. anchors.Select(e => (ReadOnlyMemory<float>)e.Samples)], time);
            var reasons = Judge(before, after, latency);
            string figures = Text($"anchors {before.AccuracyPercent:0.0} % in float32, {after.AccuracyPercent:0.0} % in {kind}; {latency.FirstMs:0.000} and {latency.SecondMs:0.000} ms a window on {full.Provider}; {new FileInfo(modelFile).Length} and {file.Length} bytes");
            return new PrecisionVerdict(kind, full.Provider, reasons.Count == 0 ? file : null, figures, reasons);
        }
        catch (Exception e) when (e is InvalidDataException or IOException or OnnxRuntimeException)
        {
            return new PrecisionVerdict(kind, full.Provider, null, "", [e.Message.ReplaceLineEndings(" ").Trim()]);
        }
        finally
        {
            File.Delete(derived);
        }
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
