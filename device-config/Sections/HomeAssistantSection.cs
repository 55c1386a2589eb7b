using System.ComponentModel.DataAnnotations;

namespace Edge.Config;

/// <summary>How Home Assistant finds the device, over the broker of the telemetry section.</summary>
public sealed record HomeAssistantSection
{
    /// <summary>Whether the device announces itself by MQTT discovery: one retained message.</summary>
    /// <value><c>off</c> (default): an announcement of earlier is taken back. <c>on</c>: Home Assistant shows the device and its values.</value>
    [AllowedValues("off", "on")]
    [Change(ConfigChange.Pipeline)]
    public string Discovery { get; init; } = "off";

    /// <summary>First level(s) of the discovery topic, as Home Assistant's MQTT integration has it.</summary>
    /// <value>Default <c>homeassistant</c>. With another one than Home Assistant's nothing is found.</value>
    [StringLength(128, MinimumLength = 1)]
    [RegularExpression("^[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*$")]
    [Change(ConfigChange.Pipeline)]
    public string Prefix { get; init; } = "homeassistant";
}
