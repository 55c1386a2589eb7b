using System.Globalization;
using System.Text.Json;
using Edge.Storage;
using Microsoft.ML.OnnxRuntime;

namespace Edge.Runtime.Snapshots;

/// <summary>A tensor that a graph takes or gives.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Element">Type of its elements.</param>
/// <param name="Shape">Its axes; a named one is free.</param>
/// <param name="HasDefault">Whether it may be left out.</param>
public sealed record ModelTensor(string Name, string Element, IReadOnlyList<string> Shape, bool HasDefault)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Name} {Element} [{string.Join(", ", Shape)}]{(HasDefault ? ", optional" : "")}";
}

/// <summary>What an ONNX file says of itself, as ONNX Runtime reads it.</summary>
/// <param name="Producer">Program that wrote it.</param>
/// <param name="Graph">Name of the graph.</param>
/// <param name="Metadata">Its metadata.</param>
/// <param name="Inputs">What it takes.</param>
/// <param name="Outputs">What it gives.</param>
public sealed record ModelDescription(string Producer, string Graph, IReadOnlyDictionary<string, string> Metadata, IReadOnlyList<ModelTensor> Inputs, IReadOnlyList<ModelTensor> Outputs)
{
    /// <summary>Classes in the order of its outputs; empty where it does not say.</summary>
    public IReadOnlyList<string> Classes
    {
        get
        {
            try
            {
                return Metadata.TryGetValue("classes", out string? classes) ? JsonSerializer.Deserialize<string[]>(classes) ?? [] : [];
            }
            catch (JsonException)
            {
                return [];
            }
        }
    }

    /// <summary>Windows that it takes; null where it does not say.</summary>
    public WindowShape? Window =>
        Number("windowChannels") is { } channels and >= 1 && Number("windowLength") is { } length and >= 1 && Number("sampleRateHz") is { } rate and > 0 ? new WindowShape((int)channels, (int)length, rate) : null;

    /// <summary>Length of its embedding; 0 where it has none.</summary>
    public int EmbeddingLength => Outputs.FirstOrDefault(output => output.Name == "embedding")?.Shape is [_, var length] && int.TryParse(length, CultureInfo.InvariantCulture, out int size) ? size : 0;

    /// <summary>Identity of its frozen features; null without a frozen branch.</summary>
    public string? FrozenBankId => Metadata.GetValueOrDefault("frozenBank");

    /// <summary>Reads a file.</summary>
    /// <exception cref="FileNotFoundException">It is not there.</exception>
    /// <exception cref="InvalidDataException">It cannot be loaded; the message says why.</exception>
    public static ModelDescription Read(string file)
    {
        if (!File.Exists(file)) throw new FileNotFoundException($"there is no file '{file}'{(Directory.Exists(file) ? ", it is a folder" : "")}. Name an .onnx file; 'edge snapshot export' writes one.");
        try
        {
            using var options = new SessionOptions { GraphOptimizationLevel = GraphOptimizationLevel.ORT_DISABLE_ALL, LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL };
            using var session = new InferenceSession(file, options);
            return Of(session);
        }
        catch (OnnxRuntimeException e)
        {
            throw new InvalidDataException($"'{file}' cannot be loaded: {e.Message.TrimEnd('.')}. Name an .onnx file; 'edge snapshot export' writes one.", e);
        }
    }

    /// <summary>Describes a session's file.</summary>
    internal static ModelDescription Of(InferenceSession session) => new(
        session.ModelMetadata.ProducerName,
        session.ModelMetadata.GraphName,
        new SortedDictionary<string, string>(session.ModelMetadata.CustomMetadataMap, StringComparer.Ordinal),
        [.. session.InputMetadata.Select(pair => Tensor(pair, false)), .. session.OverridableInitializerMetadata.Select(pair => Tensor(pair, true)).OrderBy(tensor => tensor.Name, StringComparer.Ordinal)],
        [.. session.OutputMetadata.Select(pair => Tensor(pair, false))]);

    private static ModelTensor Tensor(KeyValuePair<string, NodeMetadata> pair, bool hasDefault) => new(
        pair.Key,
        pair.Value.OnnxValueType == OnnxValueType.ONNX_TYPE_TENSOR ? pair.Value.ElementDataType.ToString().ToLowerInvariant() : pair.Value.OnnxValueType.ToString(),
        [.. pair.Value.OnnxValueType == OnnxValueType.ONNX_TYPE_TENSOR ? pair.Value.Dimensions.Zip(pair.Value.SymbolicDimensions, (size, name) => size >= 0 ? size.ToString(CultureInfo.InvariantCulture) : name.Length > 0 ? name : "?") : []],
        hasDefault);

    private double? Number(string key) => Metadata.TryGetValue(key, out string? text) && double.TryParse(text, CultureInfo.InvariantCulture, out double number) && double.IsFinite(number) ? number : null;
}
