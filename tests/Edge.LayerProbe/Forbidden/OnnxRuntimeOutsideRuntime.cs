namespace Edge.LayerProbe.Forbidden;

/// <summary>ONNX Runtime is at home in Edge.Runtime.</summary>
public static class OnnxRuntimeOutsideRuntime
{
    /// <summary>Must not compile.</summary>
    public static System.Type Seen => typeof(Microsoft.ML.OnnxRuntime.InferenceSession);
}
