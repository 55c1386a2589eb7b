using System.Collections.ObjectModel;
using System.ComponentModel.DataAnnotations;

namespace Edge.Config;

/// <summary>What can be told apart, and how labels reach the device.</summary>
public sealed record LabelsSection
{
    /// <summary>Names of the classes, in the order of the model's outputs.</summary>
    /// <value>Default: the six activities of the simulated IMU, which are those of UCI HAR. Names are unique, 1 to 64 characters; "unknown" is reserved. A
    /// longer list asks for a larger replay buffer and anchor set.</value>
    [Length(1, 256)]
    [StringLength(64, MinimumLength = 1)]
    [Change(ConfigChange.Pipeline)]
    public IReadOnlyList<string> Classes { get; init; } = ["walking", "walkingUpstairs", "walkingDownstairs", "sitting", "standing", "laying"];

    /// <summary>Classes that had another name before: the name under which a class was first stored to its name in <c>labels.classes</c> now, as <c>{"walking": "jogging"}</c>. What was learnt of it goes on under the new name.</summary>
    /// <value>Default empty: a name that is new in <c>labels.classes</c> is a class of which nothing is known. The first name stays on the device's disk, and a label under it counts for the class, so the entry stays for as long as
    /// the class has the new name; without it, and with the first name in <c>labels.classes</c>, everything is back under that. After a second change of name the entry names the first and the latest. What was stored under the new
    /// name before it was written here counts as well.</value>
    [Length(0, 256)]
    [StringLength(64, MinimumLength = 1)]
    [Change(ConfigChange.Pipeline)]
    public IReadOnlyDictionary<string, string> Renamed { get; init; } = ReadOnlyDictionary<string, string>.Empty;

    /// <summary>Share of windows for which a sensor that knows the truth (simulated, recorded) hands in a label, 0 to 1.</summary>
    /// <value>Default 1. 0: labels come only over MQTT.</value>
    [Range(0, 1)]
    [Change(ConfigChange.Pipeline)]
    public double SourceShare { get; init; } = 1;

    /// <summary>How late such a label comes, seconds of stream time.</summary>
    /// <value>Default 2. 0: at once. Must be shorter than the window ring holds windows.</value>
    [Range(0, 86_400)]
    [Change(ConfigChange.Pipeline)]
    public double SourceDelaySeconds { get; init; } = 2;

    /// <summary>Labels that the device may ask for in an hour, for windows that are unknown or of low margin; they go out on <c>…/label/request</c>.</summary>
    /// <value>Default 12. 0: it never asks. What was not used is saved up for a quarter of an hour.</value>
    [Range(0, 3600)]
    [Change(ConfigChange.Pipeline)]
    public int RequestsPerHour { get; init; } = 12;

    /// <summary>A window is also asked for when the probability of its class is ahead of the next one's by less than this.</summary>
    /// <value>Default 0.2. 0: only unknown windows are asked for; 1: nearly every window may be.</value>
    [Range(0, 1)]
    [Change(ConfigChange.Pipeline)]
    public double RequestBelowMargin { get; init; } = 0.2;
}
