using Edge.Config;
using Edge.Storage;

namespace Edge.Runtime.Sensors;

/// <summary>The sensors there are.</summary>
public static class SensorCatalogue
{
    /// <summary>Opens the configured sensor.</summary>
    /// <param name="config">The device's configuration.</param>
    /// <param name="startSeconds">Stream time from which a sensor that makes its own time goes on, seconds.</param>
    /// <exception cref="FileNotFoundException">Recorded data is not where the config says.</exception>
    /// <exception cref="InvalidDataException">Recorded data is malformed.</exception>
    public static ISensor Open(DeviceConfig config, double startSeconds) => config.Sensor.Kind switch
    {
        "simulated" => new SimulatedImu(config.Sensor, startSeconds),
        "uciHar" => new UciHarStream(config.Sensor, config.Window),
        string kind => throw new InvalidOperationException($"sensor.kind '{kind}' passed validation but no sensor is registered for it"),
    };

    /// <summary>The channels of the configured sensor, in the order of its samples, without opening it.</summary>
    public static IReadOnlyList<string> ChannelsOf(SensorSection sensor) => sensor.Kind switch
    {
        "simulated" or "uciHar" => UciHarArchive.Channels,
        string kind => throw new InvalidOperationException($"sensor.kind '{kind}' passed validation but no sensor is registered for it"),
    };
}
