using Edge.Storage;
using Edge.Trainer.Rounds;
using static TorchSharp.torch;

namespace Edge.Trainer.Methods;

/// <summary>The windows that training may touch, as tensors. Everything else names a window by its index here.</summary>
public sealed class TrainingPool : IDisposable
{
    /// <summary>Takes windows over.</summary>
    /// <param name="values">[count, channels, length] float32, row-major.</param>
    /// <param name="classes">Class index of each window; a row of the head.</param>
    /// <param name="window">Their shape.</param>
    /// <param name="device">Where the tensors live; null: the CPU.</param>
    public TrainingPool(float[] values, int[] classes, WindowShape window, Device? device = null)
    {
        using var scope = NewDisposeScope();
        (Classes, Window, Device) = (classes, window, device ?? CPU);
        Windows = tensor(values, [classes.Length, window.ChannelCount, window.Length]).to(Device).DetachFromDisposeScope();
        Labels = tensor(classes, ScalarType.Int64).to(Device).DetachFromDisposeScope();
    }

    /// <summary>The windows of a round's samples.</summary>
    public TrainingPool(RoundSamples samples, Device? device = null)
        : this(samples.Values, samples.Classes, samples.Window, device)
    {
    }

    /// <summary>[count, channels, length] float32.</summary>
    public Tensor Windows { get; }

    /// <summary>[count] int64.</summary>
    public Tensor Labels { get; }

    /// <summary>Class index of each window.</summary>
    public int[] Classes { get; }

    /// <summary>Shape of every window.</summary>
    public WindowShape Window { get; }

    /// <summary>Where the tensors live.</summary>
    public Device Device { get; }

    /// <summary>Number of windows.</summary>
    public int Count => Classes.Length;

    /// <summary>The windows at these indices, [indices, channels, length].</summary>
    public Tensor At(int[] indices)
    {
        using var rows = tensor(indices, ScalarType.Int64, Device);
        return Windows.index_select(0, rows);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Windows.Dispose();
        Labels.Dispose();
    }
}
