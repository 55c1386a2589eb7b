using System.Globalization;
using System.Text.Json.Serialization;

namespace Edge.Runtime.Fleet.Rollouts;

/// <summary>Where a fleet stands with one document. Each device is in exactly one of the counts: <c>Total = NotTargeted + Waiting + Targeted</c>, and <c>Targeted = Active + UnderWay + RolledBack + Refused + Silent</c>.</summary>
internal sealed record RolloutSummary
{
    /// <summary>Devices that were heard of.</summary>
    public int Total { get; init; }

    /// <summary>Devices that it is not meant for: another fleet, group or device.</summary>
    public int NotTargeted { get; init; }

    /// <summary>Devices that the rollout has not reached.</summary>
    public int Waiting { get; init; }

    /// <summary>Devices that run with it for good.</summary>
    public int Active { get; init; }

    /// <summary>Devices that have it on disk or on trial.</summary>
    public int UnderWay { get; init; }

    /// <summary>Devices that went back, by the codes of their reasons; several codes of one device are joined by '+'.</summary>
    public IReadOnlyDictionary<string, int> RolledBackByCode { get; init; } = new SortedDictionary<string, int>();

    /// <summary>Devices that refused it, likewise.</summary>
    public IReadOnlyDictionary<string, int> RefusedByCode { get; init; } = new SortedDictionary<string, int>();

    /// <summary>Devices that it was sent to and that have said nothing of it.</summary>
    public int Silent { get; init; }

    /// <summary>Those of <see cref="Silent"/> and <see cref="UnderWay"/> that the broker had when it was sent: away, or hanging, since.</summary>
    public int NoAnswer { get; init; }

    /// <summary>Devices that went back.</summary>
    public int RolledBack => RolledBackByCode.Values.Sum();

    /// <summary>Devices that refused it.</summary>
    public int Refused => RefusedByCode.Values.Sum();

    /// <summary>Devices that it has reached and is meant for.</summary>
    public int Targeted => Active + UnderWay + RolledBack + Refused + Silent;

    /// <summary>Whether nothing more is to be expected of any device that was there when it was sent.</summary>
    [JsonIgnore]
    public bool IsSettled => NoAnswer == 0;

    /// <summary>Devices that went back or refused it, against <see cref="Targeted"/>, percent.</summary>
    public double FailedPercent => PercentOf(RolledBack + Refused);

    /// <summary>The same with those that were there and give no answer.</summary>
    internal double FailedOrNoAnswerPercent => PercentOf(RolledBack + Refused + NoAnswer);

    /// <summary>The counts in one line.</summary>
    public override string ToString() =>
        $"{Total} devices: {Targeted} reached ({Active} active, {UnderWay} under way, {RolledBack} rolled back{Words(RolledBackByCode)}, {Refused} refused{Words(RefusedByCode)}, {Silent} silent), {Waiting} not reached yet{(NotTargeted > 0 ? $", {NotTargeted} not meant" : "")}";

    private double PercentOf(int count) => Targeted == 0 ? 0 : Math.Round(100.0 * count / Targeted, 2);

    private static string Words(IReadOnlyDictionary<string, int> counts) => counts.Count == 0 ? "" : $": {string.Join(", ", counts.Select(pair => string.Create(CultureInfo.InvariantCulture, $"{pair.Value} {pair.Key}")))}";
}
