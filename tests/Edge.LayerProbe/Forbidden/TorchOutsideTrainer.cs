namespace Edge.LayerProbe.Forbidden;

/// <summary>TorchSharp is at home in Edge.Trainer.</summary>
public static class TorchOutsideTrainer
{
    /// <summary>Must not compile.</summary>
    public static System.Type Seen => typeof(TorchSharp.torch.Tensor);
}
