using System.Diagnostics.Metrics;

namespace Edge.Telemetry.Metrics;

/// <summary>What an instrument's value does over time.</summary>
public enum InstrumentKind
{
    /// <summary>It only grows, from 0 at the start of the service.</summary>
    Counter,

    /// <summary>It goes up and down.</summary>
    Gauge,
}

/// <summary>One instrument of the meter.</summary>
/// <param name="Name">Stable name.</param>
/// <param name="Kind">Counter or gauge.</param>
/// <param name="Unit">UCUM unit; in braces what is counted.</param>
/// <param name="PrometheusName">What Prometheus calls it.</param>
/// <param name="Tag">The one tag that tells its values apart; null: there is one value.</param>
/// <param name="Description">What it says.</param>
/// <param name="Read">Its values; none while there is nothing to say.</param>
public sealed record InstrumentRow(
    string Name, InstrumentKind Kind, string Unit, string PrometheusName, string? Tag, string Description, Func<DeviceReadings, IEnumerable<Measurement<double>>> Read);
