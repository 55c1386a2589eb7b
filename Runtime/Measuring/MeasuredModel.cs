using System.Globalization;
using Edge.Config;
using Edge.Runtime.Inference;
using Edge.Runtime.Snapshots;
using Edge.Runtime.Stages;
using Edge.Storage;
using Edge.Trainer.Onnx;

namespace Edge.Runtime.Measuring;

/// <summary>A graph to be measured, with the read-out that it answers with.</summary>
/// <param name="Name">For a person.</param>
/// <param name="File">The graph.</param>
/// <param name="Manifest">Its description.</param>
/// <param name="ReadOut">The read-out; null: the one that stands in the file.</param>
public sealed record MeasuredModel(string Name, string File, SnapshotManifest Manifest, ReadOutWeights? ReadOut) : IDisposable
{
    private string? temporary;

    /// <summary>Default of the file's own; null: the configuration's.</summary>
    public double? Temperature { get; private init; }

    /// <summary>The file's own; null: the configuration's.</summary>
    public double? UnknownBelowSimilarity { get; private init; }

    /// <summary>The file's own, on the graph's novelty; null: it has none.</summary>
    private float? NoveltyThreshold { get; init; }

    /// <summary>What was stated of <see cref="NoveltyThreshold"/>.</summary>
    private double NoveltyFalseAlarmPercent { get; init; }

    /// <summary>Numbers that it computes with.</summary>
    public string Precision { get; private init; } = "float32";

    /// <summary>A file with the read-out that stands in it.</summary>
    /// <exception cref="FileNotFoundException">It is not there.</exception>
    /// <exception cref="InvalidDataException">It is no classifier of this program; the message says what it lacks.</exception>
    public static MeasuredModel Of(string file)
    {
        var model = ModelDescription.Read(file);
        if (model.Window is not { } window || model.Classes.Count == 0 || model.EmbeddingLength == 0)
            throw new InvalidDataException($"'{file}' does not say what windows it takes and what classes it tells apart (metadata windowChannels, windowLength, sampleRateHz, classes; output embedding). Export it with this program.");
        return new MeasuredModel(file, file, new SnapshotManifest { Id = Path.GetFileNameWithoutExtension(file), CreatedAt = default, Classes = model.Classes, Window = window, EmbeddingLength = model.EmbeddingLength, Round = 0 }, null)
        {
            Temperature = OnnxContents.Read(System.IO.File.ReadAllBytes(file)).Initializers.GetValueOrDefault("temperature")?.Values[0],
            UnknownBelowSimilarity = NumberOf("unknownBelowSimilarity"),
            NoveltyThreshold = NumberOf("noveltyThreshold") is > 0 and double threshold ? (float)threshold : null,
            NoveltyFalseAlarmPercent = NumberOf("noveltyFalseAlarmPercent") ?? 0,
            Precision = model.Metadata.GetValueOrDefault("precision") ?? "float32",
        };

        double? NumberOf(string name) => double.TryParse(model.Metadata.GetValueOrDefault(name), CultureInfo.InvariantCulture, out double value) && double.IsFinite(value) ? value : null;
    }

    /// <summary>A snapshot of a device with the device's present read-out, in the numbers that the service runs it with on the provider that takes it here.</summary>
    /// <param name="snapshot">The snapshot.</param>
    /// <param name="stored">Its manifest.</param>
    /// <param name="config">The device's configuration.</param>
    /// <param name="data">The device's folder.</param>
    /// <param name="buffer">The replay buffer, or a copy of it.</param>
    public static async Task<MeasuredModel> OfAsync(StoredSnapshot snapshot, SnapshotManifest stored, DeviceConfig config, DataDirectory data, ReplayBuffer buffer)
    {
        var manifest = stored with { Classes = config.Labels.Classes };
        using var classifier = Classifier.Open(snapshot.ModelFile, manifest, config.Inference, AnchorExam.BatchSize);
        var readOut = await StoredReadOut.ReadAsync(classifier, buffer, data.ReadOut, config.ReadOut, Windowing.ShapeHistory.Load(data.Shapes), config.Inference.UnknownFalseAlarmPercent, WindowCopies.For(config));
        var graph = RunningGraph.Of(snapshot, config.Inference.Precision).For(classifier.Provider);
        return new MeasuredModel(snapshot.Id, graph.Path, manifest, readOut) { Precision = graph.Precision };
    }

    /// <summary>What a session of it answers with: the device's read-out, or the one that stands in the file, with the novelty from which on it calls a window unknown.</summary>
    /// <exception cref="InvalidDataException">The defaults in the file are of other classes than it names.</exception>
    public ReadOutWeights ReadOutIn(Classifier session)
    {
        if (ReadOut is not null) return ReadOut;
        var own = FileReadOut.Of(System.IO.File.ReadAllBytes(File), Manifest.Classes.Count, Manifest.EmbeddingLength, session.FrozenLength);
        return NoveltyThreshold is { } threshold ? own with { Calibration = NoveltyCalibration.OfFile(threshold, NoveltyFalseAlarmPercent, own.Prototypes.ClassBias) } : own;
    }

    /// <summary>The same in other numbers, derived here and now.</summary>
    /// <param name="precision"><c>float32</c>: as it is; <c>int8</c>, <c>float16</c>.</param>
    /// <param name="windows">Windows to calibrate int8 on.</param>
    /// <param name="settings">Threads of the calibration.</param>
    /// <exception cref="InvalidDataException">It is in other numbers than float32 already, or cannot be derived.</exception>
    public MeasuredModel In(string precision, LabelledWindows windows, InferenceSection settings)
    {
        if (precision == Precision) return this;
        if (Precision != "float32") throw new InvalidDataException($"'{Name}' computes in {Precision} already. Name the float32 graph.");
        var samples = Enumerable.Range(0, windows.Count).Select(i => (ReadOnlyMemory<float>)windows.Values.AsMemory(i * windows.Window.ValueCount, windows.Window.ValueCount)).ToList();
        byte[] derived = ReducedGraph.Derive(precision, System.IO.File.ReadAllBytes(File), Manifest.Window, samples, settings);
        string path = Path.GetTempFileName();
        System.IO.File.WriteAllBytes(path, derived);
        return this with { File = path, temporary = path, Precision = precision };
    }

    /// <summary>What the configuration asks for, with what the file says itself in its place.</summary>
    public InferenceSection Settings(InferenceSection asked) => asked with { Temperature = Temperature ?? asked.Temperature, UnknownBelowSimilarity = UnknownBelowSimilarity ?? asked.UnknownBelowSimilarity };

    /// <inheritdoc/>
    public void Dispose()
    {
        if (temporary is not null) System.IO.File.Delete(temporary);
    }
}
