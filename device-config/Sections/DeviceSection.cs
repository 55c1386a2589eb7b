using System.ComponentModel.DataAnnotations;

namespace Edge.Config;

/// <summary>Who this device is and where it keeps what survives a reboot.</summary>
public sealed record DeviceSection
{
    /// <summary>Name of this device in topics and logs; letters, digits, '.', '_' and '-'.</summary>
    /// <value>Empty (default): the host name. Two devices with one name on one broker throw each other off.</value>
    [RegularExpression("^[A-Za-z0-9._-]{0,64}$")]
    public string Id { get; init; } = "";

    /// <summary>Folder for the replay buffer, snapshots, rounds and accepted configuration.</summary>
    /// <value>Default <c>./edge-data</c>, relative to the working directory.</value>
    [StringLength(4096, MinimumLength = 1)]
    public string DataDirectory { get; init; } = "./edge-data";
}
