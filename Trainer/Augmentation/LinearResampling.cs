using static TorchSharp.torch;

namespace Edge.Trainer.Augmentation;

/// <summary>Reads windows at places between their samples.</summary>
internal static class LinearResampling
{
    /// <summary>x(p) on the line between the samples before and after p; p without fraction gives the sample itself.</summary>
    /// <param name="windows">[n, channels, length], length from 2.</param>
    /// <param name="positions">[n, length] of the windows' type: places from 0 to length - 1, the same for all channels of a window.</param>
    /// <returns>[n, channels, length].</returns>
    public static Tensor At(Tensor windows, Tensor positions)
    {
        using var scope = NewDisposeScope();
        long[] shape = windows.shape;
        var place = positions.unsqueeze(1);
        var floor = place.floor().clamp_(0, shape[2] - 2);
        var before = floor.to(ScalarType.Int64);
        return windows.gather(2, before.expand(shape)).lerp_(windows.gather(2, (before + 1).expand(shape)), place - floor).MoveToOuterDisposeScope();
    }
}
