using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace Edge.Runtime.Inference;

/// <summary>
/// A session on CUDA or TensorRT whose inputs and outputs are bound once in device memory; this class copies. Always the whole batch: another shape would be another engine or graph, and a row more costs an accelerator next to nothing.
/// Where CUDA's kernels are captured and replayed as one CUDA graph it cannot be otherwise: a replay reads and writes the memory that was bound at the capture, and ignores what it is handed. Whether that holds on the machine at
/// hand is asked when it is made; where it does not, the session runs without the graph, or without the binding (<see cref="ProviderChain"/>).
/// </summary>
/// <remarks>ONNX Runtime, "I/O Binding"; CUDA Execution Provider, "Using CUDA Graphs": IO binding, fixed shapes and addresses, no control flow, every node on CUDA.</remarks>
internal sealed class DeviceStep : ISessionStep
{
    /// <summary>Under this name its graph stands among the refused where CUDA runs without it.</summary>
    public const string Graph = "cudaGraph";

    /// <summary>Under this name it stands among the refused where an accelerator runs without bound memory.</summary>
    public const string Binding = "ioBinding";

    private const double Tolerance = 1e-4;
    private readonly InferenceSession session;
    private readonly BatchValues values;
    private readonly RunOptions options = new();
    private readonly DeviceMemory device;
    private readonly OrtMemoryInfo memory;
    private readonly OrtAllocator allocator;
    private readonly OrtIoBinding binding;
    private readonly OrtValue[] inputs, outputs;

    /// <summary>Binds, and runs a few times to see that what is copied in is what is computed. The session is closed with it; where it throws, by the caller.</summary>
    /// <param name="session">A session on the device.</param>
    /// <param name="values">What it reads and writes on the host.</param>
    /// <param name="device">Memory of the device.</param>
    /// <exception cref="CudaCopyException">A replay does not compute what was copied in, or a copy failed.</exception>
    /// <exception cref="OnnxRuntimeException">The session has no memory on the device.</exception>
    /// <exception cref="DllNotFoundException">CUDA's runtime library is not there.</exception>
    public DeviceStep(InferenceSession session, SessionValues values, DeviceMemory device)
    {
        (this.session, this.values, this.device) = (session, values.Of(0, values.WindowCount), device);
        memory = new OrtMemoryInfo(device.Name, OrtAllocatorType.DeviceAllocator, 0, OrtMemType.Default);
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
            Unbind();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Run(int windowCount)
    {
        for (int i = 0; i < inputs.Length; i++) device.CopyTo(inputs[i], values.Inputs[i]);
        device.Synchronize();
        session.RunWithBinding(options, binding);
        binding.SynchronizeBoundOutputs();
        for (int i = 0; i < outputs.Length; i++) device.CopyFrom(outputs[i], values.Outputs[i]);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Unbind();
        session.Dispose();
    }

    private void Unbind()
    {
        binding?.Dispose();
        foreach (var value in inputs ?? []) value?.Dispose();
        foreach (var value in outputs ?? []) value?.Dispose();
        allocator?.Dispose();
        values.Dispose();
        memory.Dispose();
        options.Dispose();
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
            throw new CudaCopyException($"a run over bound memory does not compute what is copied into it (differs by {back:0.0e+0} from itself, by {apart:0.0e+0} between two windows)");

        float[] Answer(float pitch)
        {
            var samples = window.GetTensorMutableDataAsSpan<float>();
            for (int i = 0; i < samples.Length; i++) samples[i] = MathF.Sin(pitch * i);
            Run(values.WindowCount);
            return values.Outputs[0].GetTensorDataAsSpan<float>().ToArray();
        }
    }
}
