using System.ComponentModel.DataAnnotations;

namespace Edge.Config;

/// <summary>Who this device is and where it keeps what survives a reboot.</summary>
public sealed record DeviceSection
{
    /// <summary>Name of this device in topics and logs; letters, digits, '.', '_' and '-'.</summary>
    /// <value>Empty (default): the host name. Two devices with one name on one broker throw each other off.</value>
    [RegularExpression("^[A-Za-z0-9._-]{0,64}$")]
    [Change(ConfigChange.Process)]
    public string Id { get; init; } = "";

    /// <summary>Folder for the replay buffer, snapshots, rounds and accepted configuration.</summary>
    /// <value>Default <c>./edge-data</c>, relative to the working directory.</value>
    [StringLength(4096, MinimumLength = 1)]
    [Change(ConfigChange.Process)]
    public string DataDirectory { get; init; } = "./edge-data";

    /// <summary>The fleet that this device belongs to: configuration that is meant for another one is not taken.</summary>
    /// <value>Empty (default): none, so that configuration for any named fleet is not taken.</value>
    [Change(ConfigChange.Live)]
    [RegularExpression("^[A-Za-z0-9._-]{0,64}$")]
    public string Fleet { get; init; } = "";

    /// <summary>Groups within the fleet; configuration for any of them is taken.</summary>
    /// <value>Empty (default): configuration for a group is not taken.</value>
    [Change(ConfigChange.Live)]
    [Length(0, 64)]
    [RegularExpression("^[A-Za-z0-9._-]{1,64}$")]
    public IReadOnlyList<string> Groups { get; init; } = [];
}
