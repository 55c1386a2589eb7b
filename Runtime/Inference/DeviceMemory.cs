using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;

namespace Edge.Runtime.Inference;

/// <summary>Memory of an accelerator, and copies to and from it. A test without an accelerator has another.</summary>
internal abstract class DeviceMemory
{
    /// <summary>What ONNX Runtime calls it.</summary>
    public abstract string Name { get; }

    /// <summary>Copies a tensor to one of the same size on the device.</summary>
    /// <exception cref="CudaCopyException">The device refused.</exception>
    public abstract void CopyTo(OrtValue onDevice, OrtValue onHost);

    /// <summary>Copies a tensor from the device, and returns when it is there.</summary>
    /// <exception cref="CudaCopyException">The device refused.</exception>
    public abstract void CopyFrom(OrtValue onDevice, OrtValue onHost);

    /// <summary>Returns when what was copied to the device is there: from pageable memory it may still be under way, and a session's stream does not wait for it.</summary>
    /// <exception cref="CudaCopyException">The device refused.</exception>
    public abstract void Synchronize();
}

/// <summary>Memory of CUDA, in which TensorRT computes as well.</summary>
internal sealed partial class CudaMemory : DeviceMemory
{
    private const string Runtime = "libcudart.so.12"; // The one that ONNX Runtime's CUDA provider itself was linked with.
    private const int HostToDevice = 1, DeviceToHost = 2;

    /// <inheritdoc/>
    public override string Name => "Cuda";

    /// <inheritdoc/>
    public override void CopyTo(OrtValue onDevice, OrtValue onHost) => Copy(onDevice, onHost, HostToDevice);

    /// <inheritdoc/>
    public override void CopyFrom(OrtValue onDevice, OrtValue onHost) => Copy(onHost, onDevice, DeviceToHost);

    /// <inheritdoc/>
    public override void Synchronize() => Check(SynchronizeStream(0));

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
    private static partial int SynchronizeStream(nint stream);
}

/// <summary>CUDA runs, but not over bound memory or not as a graph; or a copy to or from the device failed.</summary>
internal sealed class CudaCopyException(string message) : Exception(message);
