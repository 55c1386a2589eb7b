using System.ComponentModel.DataAnnotations;

namespace Edge.Config;

/// <summary>
/// What a training view of a window may differ by from the window itself: what a sensor does to a signal without changing its class. Applied in this order, whatever the order in the document:
/// crop, timeWarp, rotationDegrees, magnitudeWarp, scaling, jitter, channelDrop. crop, timeWarp and magnitudeWarp leave windows of one sample (feature vectors) as they are.
/// </summary>
public sealed record AugmentationSection
{
    /// <summary>Standard deviation of white noise, as a share of the channel's own standard deviation over the windows of a round.</summary>
    /// <value>Default 0.03. 0: none; above 0.3 quiet classes drown in it.</value>
    [Range(0, 1)]
    [Change(ConfigChange.Live)]
    public double Jitter { get; init; } = 0.03;

    /// <summary>Standard deviation of a gain around 1, drawn per window and channel.</summary>
    /// <value>Default 0.1. 0: none; above 0.3 gains near zero and below come up, which silence a channel or turn its sign.</value>
    [Range(0, 1)]
    [Change(ConfigChange.Live)]
    public double Scaling { get; init; } = 0.1;

    /// <summary>Standard deviation of a gain that changes smoothly along the window, drawn per window and channel at four inner knots and both ends.</summary>
    /// <value>Default 0: off. 0.2 is the usual strength; above 0.5 the envelope that tells activities apart is lost.</value>
    [Range(0, 1)]
    [Change(ConfigChange.Live)]
    public double MagnitudeWarp { get; init; }

    /// <summary>Standard deviation of the logarithm of a speed that changes smoothly along the window, the same for all channels.</summary>
    /// <value>Default 0: off. 0.2 is the usual strength: parts run about a fifth faster or slower. Near 1 parts run at three times or a third of the speed, and rhythm no longer tells classes apart.</value>
    [Range(0, 1)]
    [Change(ConfigChange.Live)]
    public double TimeWarp { get; init; }

    /// <summary>Smallest share of the window that is kept; the share and its place are drawn per window, and the part is stretched to the full length.</summary>
    /// <value>Default 1: off. 0.8 slows a window by up to a quarter; near 0.1 most of the movement is cut away.</value>
    [Range(0.1, 1)]
    [Change(ConfigChange.Live)]
    public double Crop { get; init; } = 1;

    /// <summary>Probability that a channel is set to zero, per window and channel; one channel always stays.</summary>
    /// <value>Default 0: off. 0.1 prepares for a sensor that dies; at 1 a single channel is left of every window.</value>
    [Range(0, 1)]
    [Change(ConfigChange.Live)]
    public double ChannelDrop { get; init; }

    /// <summary>Largest angle of a random rotation in space, degrees; one rotation per window turns every group of three axes alike, as a refitted device does.</summary>
    /// <value>Default 0: off. 20 is a badly refitted strap. Above 45 gravity no longer tells postures apart.</value>
    [Range(0, 180)]
    [Change(ConfigChange.Live)]
    public double RotationDegrees { get; init; }

    /// <summary>The channels that are x, y and z of one sensor, as lists of three 0-based indices; used by <c>rotationDegrees</c>.</summary>
    /// <value>Empty (default): channels 0 to 2, 3 to 5 and so on when the number of channels is a multiple of three and a window has more than one sample; no rotation otherwise. Channels in no
    /// group are not rotated.</value>
    [Length(0, 341)]
    [Range(0, 1023)]
    [Change(ConfigChange.Live)]
    public IReadOnlyList<IReadOnlyList<int>> TriaxialGroups { get; init; } = [];
}
