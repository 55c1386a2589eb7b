using Edge.Config;
using Edge.Storage;
using Edge.Trainer.Augmentation;

namespace Edge.Trainer.Bench;

/// <summary>The channels of a data set that are x, y and z of one sensor: those that its names tell, else, where a variant says so, all of them in turn, else none.</summary>
/// <param name="Groups">0-based channels of x, y and z for each sensor.</param>
internal sealed record KnownAxes(IReadOnlyList<IReadOnlyList<int>> Groups)
{
    /// <summary>Those of a data set.</summary>
    public static KnownAxes Of(LabelledWindows windows, BenchVariant variant) => new(
        windows.ChannelNames.Count > 0 ? ChannelAxes.Of(windows.ChannelNames) : variant.ConsecutiveAxes ? ChannelAxes.Consecutive(windows.Window.ChannelCount) : []);

    /// <summary>A view that turns channels which are axes, and no others; groups that it names itself stand.</summary>
    public AugmentationSection About(AugmentationSection view) =>
        view.TriaxialGroups.Count > 0 ? view : Groups.Count > 0 ? view with { TriaxialGroups = Groups } : view with { RotationDegrees = 0 };
}
