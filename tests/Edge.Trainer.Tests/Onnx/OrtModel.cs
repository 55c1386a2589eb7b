using Microsoft.ML.OnnxRuntime;

namespace Edge.Trainer.Tests.Onnx;

/// <summary>An exported file in ONNX Runtime on the CPU with one thread.</summary>
internal sealed class OrtModel : IDisposable
{
    private readonly SessionOptions options = new() { IntraOpNumThreads = 1, LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR };
    private readonly InferenceSession session;

    public OrtModel(byte[] file) => session = new InferenceSession(file, options);

    public InferenceSession Session => session;

    /// <summary>Runs it with the named float32 inputs and returns every output as (values, shape).</summary>
    public Dictionary<string, (float[] Values, long[] Shape)> Run(params (string Name, float[] Values, long[] Shape)[] feeds)
    {
        using var runOptions = new RunOptions();
        var inputs = feeds.ToDictionary(feed => feed.Name, feed => OrtValue.CreateTensorValueFromMemory(feed.Values, feed.Shape));
        try
        {
            using var outputs = session.Run(runOptions, inputs, session.OutputNames);
            return session.OutputNames.Zip(outputs).ToDictionary(pair => pair.First, pair => (pair.Second.GetTensorDataAsSpan<float>().ToArray(), pair.Second.GetTensorTypeAndShape().Shape));
        }
        finally
        {
            foreach (var input in inputs.Values) input.Dispose();
        }
    }

    /// <summary>Runs it with int64 row numbers as <c>input</c> and returns <c>output</c>.</summary>
    public (float[] Values, long[] Shape) RunIndices(long[] indices, long[] shape)
    {
        using var runOptions = new RunOptions();
        using var input = OrtValue.CreateTensorValueFromMemory(indices, shape);
        using var outputs = session.Run(runOptions, new Dictionary<string, OrtValue> { ["input"] = input }, ["output"]);
        return (outputs[0].GetTensorDataAsSpan<float>().ToArray(), outputs[0].GetTensorTypeAndShape().Shape);
    }

    public void Dispose()
    {
        session.Dispose();
        options.Dispose();
    }
}
