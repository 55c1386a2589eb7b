using static TorchSharp.torch;

namespace Edge.Trainer.Augmentation;

/// <summary>
/// A part of a window stretched to the full length, by linear interpolation: its share is uniform from the smallest to 1, its place uniform, both per window and the same for all channels.
/// Le Guennec, Malinowski and Tavenard 2016, "Data Augmentation for Time Series Classification using Convolutional Neural Networks" (window slicing). Deviations: their slices all have one
/// length and stay short; a slice is stretched here, because the network takes one length, and so is also a warp of the whole window's tempo.
/// </summary>
/// <param name="smallestShare">Smallest share of the window's duration that is kept, above 0, at most 1.</param>
/// <param name="draws">Where shares and places come from.</param>
public sealed class CropResize(double smallestShare, AugmentationDraws draws) : IAugmentation
{
    /// <inheritdoc/>
    /// <remarks>Takes windows of two samples or more.</remarks>
    public Tensor View(Tensor windows)
    {
        using var scope = NewDisposeScope();
        return LinearResampling.At(windows, Positions(windows)).MoveToOuterDisposeScope();
    }

    /// <summary>Where each sample of the view is read, [n, length].</summary>
    internal Tensor Positions(Tensor windows)
    {
        using var scope = NewDisposeScope();
        long count = windows.shape[0], length = windows.shape[2];
        var cut = draws.Uniform(windows, count, 1).mul_(1 - smallestShare); // The share that goes.
        var start = draws.Uniform(windows, count, 1).mul_(cut).mul_(length - 1);
        return (start + (1 - cut) * arange(length, windows.dtype, windows.device)).clamp_(0, length - 1).MoveToOuterDisposeScope();
    }
}
