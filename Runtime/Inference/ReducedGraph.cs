using Edge.Config;
using Edge.Storage;
using Edge.Trainer.Onnx.Precision;
using Microsoft.ML.OnnxRuntime;

namespace Edge.Runtime.Inference;

/// <summary>A snapshot's graph in less than float32. Read-out and frozen branch stay float32: -1e9 fits into neither form, and statistics of features that were computed otherwise mean nothing. Touches no TorchSharp type.</summary>
public static class ReducedGraph
{
    /// <summary>The name that the configuration has for eight bits.</summary>
    public const string Int8 = "int8";

    /// <summary>The name that the configuration has for half precision.</summary>
    public const string Float16 = "float16";

    /// <summary>Most windows that ranges are measured on; more are drawn evenly. Ranges of 0.9999 of the values settle long before.</summary>
    public const int MaxCalibrationCount = 256;

    // One value in ten thousand is left out of its range, as Trainer/Onnx/README.md measured it.
    private const double Share = 0.9999;

    private static readonly string[] s_float32Nodes = ["readout", "frozen_bank"];

    /// <summary>What is tried for a provider; null: nothing, the configuration asks for float32.</summary>
    /// <param name="wanted"><c>inference.precision</c>.</param>
    /// <param name="provider">The execution provider that runs.</param>
    public static string? KindFor(string wanted, string provider) => wanted switch
    {
        "float32" => null,
        "auto" => provider == "cpu" ? Int8 : Float16,
        _ => wanted,
    };

    /// <summary>Derives the graph.</summary>
    /// <param name="kind"><see cref="Int8"/> or <see cref="Float16"/>.</param>
    /// <param name="file">The float32 file.</param>
    /// <param name="window">Windows that it takes.</param>
    /// <param name="windows">Windows to measure ranges on, [channels, length] each; at least one for <see cref="Int8"/>.</param>
    /// <param name="settings">Threads of the calibration.</param>
    /// <exception cref="InvalidDataException">It cannot be derived; the message says why.</exception>
    public static byte[] Derive(string kind, byte[] file, WindowShape window, IReadOnlyList<ReadOnlyMemory<float>> windows, InferenceSection settings)
    {
        try
        {
            return kind == Float16 ? OnnxFloat16.Convert(file, new OnnxFloat16Options { Float32Nodes = s_float32Nodes }) : Quantise(file, window, windows, settings);
        }
        catch (Exception e) when (e is OnnxRuntimeException or ArgumentException)
        {
            throw new InvalidDataException($"the graph cannot be written in {kind}: {e.Message}", e);
        }
    }

    private static byte[] Quantise(byte[] file, WindowShape window, IReadOnlyList<ReadOnlyMemory<float>> windows, InferenceSection settings)
    {
        if (windows.Count == 0) throw new InvalidDataException("there is no window to calibrate int8 on.");
        var options = new OnnxInt8Options { Float32Nodes = s_float32Nodes };
        var calibration = OnnxInt8.CalibrationGraph(file, options);
        var outputs = calibration.ValueOfOutput.Keys.ToList();
        if (outputs.Count == 0) throw new InvalidDataException("the graph has nothing that could be computed in int8.");
        var observers = outputs.ConvertAll(_ => new OnnxRangeObserver());
        using var sessionOptions = ProviderOptions.For(ProviderChain.Cpu, settings.ThreadCount);
        using var session = new InferenceSession(calibration.File, sessionOptions);
        using var runOptions = new RunOptions();
        float[] samples = new float[window.ValueCount];
        using var input = OrtValue.CreateTensorValueFromMemory(samples, [1, window.ChannelCount, window.Length]);
        int count = Math.Min(MaxCalibrationCount, windows.Count);
        for (int i = 0; i < count; i++)
        {
            windows[(int)((long)i * windows.Count / count)].Span.CopyTo(samples);
            using var values = session.Run(runOptions, ["window"], [input], outputs);
            for (int o = 0; o < outputs.Count; o++) observers[o].Observe(values[o].GetTensorDataAsSpan<float>());
        }

        return OnnxInt8.Quantise(file, Enumerable.Range(0, outputs.Count).ToDictionary(o => calibration.ValueOfOutput[outputs[o]], o => observers[o].Central(Share)), options);
    }
}
