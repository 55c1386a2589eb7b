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

    private int countdown = -1, boundCount;

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

    /// <summary>Memory of the n-th session that is to be bound, the first of which captures its kernels; null: CUDA's own, which no session on the CPU has.</summary>
    public Func<int, DeviceMemory>? Memory { get; init; }

    public override ISessionStep Step(InferenceSession session, SessionValues values, string provider, bool isBound)
    {
        if (provider != "cuda") return base.Step(session, values, provider, isBound);
        if (!isBound) return new Breakable(base.Step(session, values, provider, isBound), this);
        return Memory is null ? base.Step(session, values, provider, isBound) : new Breakable(new DeviceStep(session, values, Memory(boundCount++)), this);
    }

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

/// <summary>Memory of this process in the place of a device's: a session on the CPU binds it as one on CUDA binds CUDA's.</summary>
/// <param name="isDeaf">Whether what is copied to it never arrives, as a captured graph that reads other memory than it was bound to would have it.</param>
internal sealed class HostMemory(bool isDeaf = false) : DeviceMemory
{
    /// <inheritdoc/>
    public override string Name => "Cpu";

    /// <inheritdoc/>
    public override void CopyTo(OrtValue onDevice, OrtValue onHost)
    {
        if (!isDeaf) onHost.GetTensorMutableRawData().CopyTo(onDevice.GetTensorMutableRawData());
    }

    /// <inheritdoc/>
    public override void CopyFrom(OrtValue onDevice, OrtValue onHost) => onDevice.GetTensorMutableRawData().CopyTo(onHost.GetTensorMutableRawData());

    /// <inheritdoc/>
    public override void Synchronize()
    {
    }
}
