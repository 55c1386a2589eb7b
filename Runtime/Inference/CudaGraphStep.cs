using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace Edge.Runtime.Inference;

/// <summary>
/// A session on CUDA whose kernels are captured once and replayed as one CUDA graph. A replay reads and writes the device memory that was bound at the capture, and ignores what it is handed: so inputs and outputs are bound in device
/// memory, and this class copies. Whether that holds on the machine at hand is asked when it is made; where it does not, the session runs without the graph (<see cref="ProviderChain"/>).
/// </summary>
/// <remarks>ONNX Runtime, CUDA Execution Provider, "Using CUDA Graphs": IO binding, fixed shapes and addresses, no control flow, every node on CUDA.</remarks>
internal sealed partial class CudaGraphStep : ISessionStep
{
    /// <summary>Under this name it stands among the refused where CUDA runs without it.</summary>
    public const string Name = "cudaGraph";

    private const string Runtime = "libcudart.so.12"; // The one that ONNX Runtime's CUDA provider itself was linked with.
    private const int HostToDevice = 1, DeviceToHost = 2;
    private const double Tolerance = 1e-4;
    private readonly InferenceSession session;
    private readonly BatchValues values;
    private readonly RunOptions options = new();
    private readonly OrtMemoryInfo memory = new("Cuda", OrtAllocatorType.DeviceAllocator, 0, OrtMemType.Default);
    private readonly OrtAllocator allocator;
    private readonly OrtIoBinding binding;
    private readonly OrtValue[] inputs, outputs;

    public CudaGraphStep(InferenceSession session, SessionValues values)
    {
        (this.session, this.values) = (session, values.Of(0, values.WindowCount));
        var host = this.values;
        try
        {
            allocator = new OrtAllocator(session, memory);
            binding = session.CreateIoBinding();
            inputs = Array.ConvertAll(host.Inputs, OnDevice);
            outputs = Array.ConvertAll(host.Outputs, OnDevice);
            for (int i = 0; i < inputs.Length; i++) binding.BindInput(host.InputNames[i], inputs[i]);
            for (int i = 0; i < outputs.Length; i++) binding.BindOutput(host.OutputNames[i], outputs[i]);
            CheckReplay();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Run(int windowCount)
    {
        for (int i = 0; i < inputs.Length; i++) Copy(inputs[i], values.Inputs[i], HostToDevice);
        Check(Synchronize(0)); // A copy from pageable memory may still be under way, and the session's stream does not wait for it.
        session.RunWithBinding(options, binding);
        binding.SynchronizeBoundOutputs();
        for (int i = 0; i < outputs.Length; i++) Copy(values.Outputs[i], outputs[i], DeviceToHost);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        binding?.Dispose();
        foreach (var value in inputs ?? []) value?.Dispose();
        foreach (var value in outputs ?? []) value?.Dispose();
        allocator?.Dispose();
        values.Dispose();
        memory.Dispose();
        options.Dispose();
        session.Dispose();
    }

    private OrtValue OnDevice(OrtValue host) => OrtValue.CreateAllocatedTensorValue(allocator, TensorElementType.Float, host.GetTensorTypeAndShape().Shape);

    /// <summary>One window, another, the first again: the first answers must come back, and the second ones must differ. A replay that reads other memory than is copied into fails one of the two.</summary>
    private void CheckReplay()
    {
        var window = values.Inputs[0];
        float[] first = Answer(0.1f), second = Answer(0.7f), again = Answer(0.1f);
        window.GetTensorMutableDataAsSpan<float>().Clear();
        float scale = first.Max(MathF.Abs), apart = 0, back = 0;
        for (int i = 0; i < first.Length; i++) (apart, back) = (Math.Max(apart, Math.Abs(first[i] - second[i])), Math.Max(back, Math.Abs(first[i] - again[i])));
        if (!(back <= Tolerance * scale) || !(apart > Tolerance * scale))
            throw new CudaCopyException($"a replay of the captured graph does not compute what is copied into it (differs by {back:0.0e+0} from itself, by {apart:0.0e+0} between two windows)");

        float[] Answer(float pitch)
        {
            var samples = window.GetTensorMutableDataAsSpan<float>();
            for (int i = 0; i < samples.Length; i++) samples[i] = MathF.Sin(pitch * i);
            Run(values.WindowCount);
            return values.Outputs[0].GetTensorDataAsSpan<float>().ToArray();
        }
    }

    // The span over device memory is an address and a length; nothing here reads it.
    private static void Copy(OrtValue to, OrtValue from, int kind)
    {
        Span<byte> target = to.GetTensorMutableRawData(), source = from.GetTensorMutableRawData();
        if (target.Length > 0) Check(MemoryCopy(ref MemoryMarshal.GetReference(target), ref MemoryMarshal.GetReference(source), (nuint)target.Length, kind));
    }

    private static void Check(int error)
    {
        if (error != 0) throw new CudaCopyException($"CUDA error {error} while copying");
    }

    [LibraryImport(Runtime, EntryPoint = "cudaMemcpy")]
    private static partial int MemoryCopy(ref byte to, ref byte from, nuint count, int kind);

    [LibraryImport(Runtime, EntryPoint = "cudaStreamSynchronize")]
    private static partial int Synchronize(nint stream);
}

/// <summary>CUDA runs, its graph does not; or a copy to or from the device failed.</summary>
internal sealed class CudaCopyException(string message) : Exception(message);
