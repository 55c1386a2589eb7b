using Edge.Config;
using static TorchSharp.torch;

namespace Edge.Trainer.Augmentation;

/// <summary>
/// The views that a configuration asks for. The order is that of the world: what is recorded (crop, tempo), how the device sits (rotation), what the sensor makes of it (magnitude warp, scaling, jitter),
/// and whether the channel arrives (drop). An augmentation of no strength is left out and draws nothing, so switching one on changes the draws of those after it. The default section gives
/// x' = s x + n (<see cref="ScaledJitter"/>).
/// </summary>
public sealed class AugmentationChain : IDisposable
{
    private readonly long channelCount;
    private readonly long length;
    private readonly AugmentationDraws draws;
    private readonly List<IAugmentation> augmentations = [];

    /// <summary>Measures the windows and seeds the draws.</summary>
    /// <param name="section">Strengths.</param>
    /// <param name="windows">[n, channels, length] float32 or float64, n from 1: the windows of the round; their deviations per channel set the size of the noise.</param>
    /// <param name="seed">The same section, windows, seed and calls give the same views.</param>
    /// <exception cref="ArgumentException">There are no windows, or <see cref="AugmentationSection.TriaxialGroups"/> does not fit their channels.</exception>
    public AugmentationChain(AugmentationSection section, Tensor windows, int seed)
    {
        if (windows.dim() != 3 || windows.shape[0] == 0)
            throw new ArgumentException($"Windows of shape [{string.Join(", ", windows.shape)}]; expected [n, channels, length] with n from 1.", nameof(windows));
        (channelCount, length) = (windows.shape[1], windows.shape[2]);
        bool hasTime = length > 1; // Feature vectors have none.
        var groups = Groups(section);
        draws = new AugmentationDraws(seed);
        if (section.Crop < 1 && hasTime) augmentations.Add(new CropResize(section.Crop, draws));
        if (section.TimeWarp > 0 && hasTime) augmentations.Add(new TimeWarp(section.TimeWarp, windows, draws));
        if (section.RotationDegrees > 0 && groups.Count > 0) augmentations.Add(new TriaxialRotation(section.RotationDegrees, groups, windows, draws));
        if (section.MagnitudeWarp > 0 && hasTime) augmentations.Add(new MagnitudeWarp(section.MagnitudeWarp, windows, draws));
        if (section.Scaling > 0 && section.Jitter > 0) augmentations.Add(new ScaledJitter(new Scaling(section.Scaling, draws), new Jitter(section.Jitter, windows, draws)));
        else if (section.Scaling > 0) augmentations.Add(new Scaling(section.Scaling, draws));
        else if (section.Jitter > 0) augmentations.Add(new Jitter(section.Jitter, windows, draws));
        if (section.ChannelDrop > 0) augmentations.Add(new ChannelDrop(section.ChannelDrop, draws));
    }

    /// <summary>A view of each window, of the same shape, type and device; the input is left as it is.</summary>
    /// <param name="windows">[n, channels, length] with the channels and length that the chain was made for, n from 0.</param>
    /// <exception cref="ArgumentException">Windows of other channels or length.</exception>
    public Tensor View(Tensor windows)
    {
        if (windows.dim() != 3 || windows.shape[1] != channelCount || windows.shape[2] != length)
            throw new ArgumentException($"Windows of shape [{string.Join(", ", windows.shape)}]; expected [n, {channelCount}, {length}].", nameof(windows));
        using var scope = NewDisposeScope();
        var view = windows;
        foreach (var augmentation in augmentations) view = augmentation.View(view);
        return (augmentations.Count == 0 ? windows.clone() : view).MoveToOuterDisposeScope();
    }

    /// <summary>Where its chance is, a uint8 tensor of the caller.</summary>
    public Tensor State() => draws.State();

    /// <summary>Goes on where <see cref="State"/> was taken.</summary>
    public void Restore(Tensor state) => draws.Restore(state);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var augmentation in augmentations.OfType<IDisposable>()) augmentation.Dispose();
        draws.Dispose();
    }

    // Every sensor of the service brings x, y and z in turn; a recorded data set says for itself which channels are axes (the benchmark's learner).
    private IReadOnlyList<IReadOnlyList<int>> Groups(AugmentationSection section) =>
        section.TriaxialGroups.Count > 0 ? section.TriaxialGroups : length > 1 ? ChannelAxes.Consecutive((int)channelCount) : [];
}
