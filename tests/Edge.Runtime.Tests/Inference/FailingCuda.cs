using System.Reflection;
using Edge.Runtime.Inference;
using Microsoft.ML.OnnxRuntime;

namespace Edge.Runtime.Tests.Inference;

/// <summary>
/// A machine with a CUDA that can be broken: its sessions are real ones (on the CPU), and fail with the exception that ONNX Runtime throws for a CUDA error. What is not of its name goes the real way, TensorRT too.
/// </summary>
internal sealed class FailingCuda : SessionMaker
{
    /// <summary>As ONNX Runtime words it (its cuda_call.cc).</summary>
    public const string Message = "Non-zero status code returned while running Conv node. Name:'conv1' Status Message: CUDA failure 700: an illegal memory access was encountered ; GPU=0";

    private int countdown = -1;

    /// <summary>Files that were opened, with their provider.</summary>
    public List<(string File, string Provider)> Opened { get; } = [];

    /// <summary>What ONNX Runtime throws.</summary>
    public static OnnxRuntimeException Error()
    {
        var made = typeof(OnnxRuntimeException).GetConstructors(BindingFlags.Instance | BindingFlags.NonPublic).Single(constructor => constructor.GetParameters().Length == 2);
        return (OnnxRuntimeException)made.Invoke([Enum.ToObject(made.GetParameters()[0].ParameterType, 1), Message]);
    }

    /// <summary>Lets every session fail from the n-th run on, counted over all of them.</summary>
    public void FailAfter(int runs) => countdown = runs;

    public override InferenceSession Open(string file, string provider, Func<SessionOptions> options)
    {
        Opened.Add((file, provider));
        return base.Open(file, provider, provider == "cuda" ? () => ProviderOptions.For("cpu", 1) : options);
    }

    public override ISessionStep Step(InferenceSession session, SessionValues values, string provider, bool withGraph) =>
        provider == "cuda" && !withGraph ? new Breakable(base.Step(session, values, provider, withGraph), this) : base.Step(session, values, provider, withGraph);

    private sealed class Breakable(ISessionStep step, FailingCuda cuda) : ISessionStep
    {
        public void Run(int windowCount)
        {
            if (cuda.countdown == 0) throw Error();
            if (cuda.countdown > 0) cuda.countdown--;
            step.Run(windowCount);
        }

        public void Dispose() => step.Dispose();
    }
}
