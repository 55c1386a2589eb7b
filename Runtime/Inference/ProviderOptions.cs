using System.Globalization;
using Microsoft.ML.OnnxRuntime;

namespace Edge.Runtime.Inference;

/// <summary>
/// What a session of this program is told beyond <see cref="SessionSettings"/>, by execution provider. Keys and values as ONNX Runtime's documentation has them (onnxruntime.ai: CUDA Execution Provider, TensorRT Execution Provider, onnxruntime_session_options_config_keys.h).
/// </summary>
public static class ProviderOptions
{
    /// <summary>Options of a session; the caller disposes them.</summary>
    /// <param name="provider"><c>tensorrt</c>, <c>cuda</c> or <c>cpu</c>.</param>
    /// <param name="threadCount">Threads of one inference.</param>
    /// <param name="precision">Numbers that the graph computes with.</param>
    /// <param name="withGraph">Whether CUDA captures a graph of its kernels; only for a session that is run by a <see cref="DeviceStep"/>.</param>
    /// <param name="engines">Gives the folder for TensorRT's engines of this graph, asked where TensorRT is there; null, or null from it: none are kept.</param>
    /// <exception cref="OnnxRuntimeException">The provider does not load; the message says why.</exception>
    public static SessionOptions For(string provider, int threadCount, string precision = "float32", bool withGraph = false, Func<string?>? engines = null)
    {
        var options = SessionSettings.Of(threadCount).ToOptions();
        try
        {
            if (provider == ProviderChain.Cpu) return options;
            options.AddSessionConfigEntry("session.disable_cpu_ep_fallback", "1"); // Fail here rather than run half the graph elsewhere.
            if (provider == "tensorrt") AppendTensorRt(options, precision, engines);
            if (provider == "cuda") AppendCuda(options, withGraph);
            return options;
        }
        catch
        {
            options.Dispose();
            throw;
        }
    }

    /// <summary>What CUDA is told.</summary>
    internal static Dictionary<string, string> Cuda(bool withGraph) => new()
    {
        ["enable_cuda_graph"] = Flag(withGraph),
        ["use_tf32"] = "0",                         // Ten bits of mantissa would fail the parity that promotion asks for.
        ["arena_extend_strategy"] = "kSameAsRequested", // The trainer may want the rest of a Jetson's shared memory.
    };

    /// <summary>What TensorRT is told.</summary>
    internal static Dictionary<string, string> TensorRt(string precision, string? engines)
    {
        var told = new Dictionary<string, string> { ["trt_fp16_enable"] = Flag(precision == ReducedGraph.Float16) }; // Only for a graph that was examined in it.
        if (engines is null) return told;
        told["trt_engine_cache_enable"] = "1";
        told["trt_engine_cache_path"] = engines;
        told["trt_timing_cache_enable"] = "1"; // What was measured of one snapshot's layers holds for the next, which has the same.
        told["trt_timing_cache_path"] = Path.GetDirectoryName(engines)!;
        return told;
    }

    private static void AppendCuda(SessionOptions options, bool withGraph)
    {
        using var cuda = new OrtCUDAProviderOptions();
        cuda.UpdateOptions(Cuda(withGraph));
        options.AppendExecutionProvider_CUDA(cuda);
    }

    private static void AppendTensorRt(SessionOptions options, string precision, Func<string?>? engines)
    {
        using var tensorRt = new OrtTensorRTProviderOptions();
        tensorRt.UpdateOptions(TensorRt(precision, engines?.Invoke()));
        options.AppendExecutionProvider_Tensorrt(tensorRt);
    }

    private static string Flag(bool value) => (value ? 1 : 0).ToString(CultureInfo.InvariantCulture);
}
