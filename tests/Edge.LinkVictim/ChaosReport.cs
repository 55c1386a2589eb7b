using System.Globalization;

namespace Edge.LinkVictim;

/// <summary>What is done to the world.</summary>
/// <param name="CycleCount">Disturbances, of six kinds in turn of chance.</param>
/// <param name="Duration">How long they are spread over.</param>
/// <param name="Rate">Messages per second that the device offers.</param>
/// <param name="Seed">Of kinds and lengths.</param>
public sealed record ChaosPlan(int CycleCount, TimeSpan Duration, double Rate, int Seed)
{
    /// <summary>Share of the messages that the rate asks for that must have been offered; with less, the run says nothing.</summary>
    /// <value>Default 0: a machine that does other work is no fault of the link. For a figure that is written down, 0.9.</value>
    public double LeastOfferedShare { get; init; }

    /// <summary>Most resident memory of a device process, bytes.</summary>
    /// <value>Default 128 MiB: .NET itself, MQTTnet, LiteDB, and the 1 MiB that what waits may take.</value>
    public long MostRssBytes { get; init; } = 128L << 20;
}

/// <summary>A broker that was frozen, and the device that knew it.</summary>
/// <param name="Seconds">From SIGSTOP until the device said that the connection was gone.</param>
/// <param name="StandstillSeconds">The longest that a clock of this process, which ticks every 10 ms, was late meanwhile: how long the machine had no time for anybody.</param>
public sealed record NoticedHang(double Seconds, double StandstillSeconds);

/// <summary>What became of it.</summary>
public sealed record ChaosReport
{
    /// <summary>Disturbances by kind.</summary>
    public required IReadOnlyDictionary<string, int> CyclesOf { get; init; }

    /// <summary>Messages that the device offered.</summary>
    public required long OfferedCount { get; init; }

    /// <summary>Share of what the rate asks for in the time that the run took.</summary>
    public required double OfferedShare { get; init; }

    /// <summary>Messages that were safe before the device was told to stop or was killed.</summary>
    public required int AcknowledgedCount { get; init; }

    /// <summary>Different messages that arrived.</summary>
    public required int ArrivedCount { get; init; }

    /// <summary>Messages that arrived again.</summary>
    public required int DuplicateCount { get; init; }

    /// <summary>Largest resident memory of a device process, bytes.</summary>
    public required long PeakRssBytes { get; init; }

    /// <summary>Longest queue.</summary>
    public required long PeakQueuedCount { get; init; }

    /// <summary>Most bytes that the queue took in memory.</summary>
    public required long PeakQueueBytes { get; init; }

    /// <summary>Each time that the broker was frozen for long enough.</summary>
    public required IReadOnlyList<NoticedHang> Noticed { get; init; }

    /// <summary>Seconds from SIGSTOP of the broker until the device knew, without the times in which the machine stood still.</summary>
    public IReadOnlyList<double> NoticedSeconds => [.. Noticed.Where(hang => hang.StandstillSeconds <= StandstillLimit).Select(hang => hang.Seconds)];

    /// <summary>From how many seconds on the machine stood still.</summary>
    public const double StandstillLimit = 0.25;

    /// <summary>Everything that was lost or wrong.</summary>
    public required IReadOnlyList<string> Problems { get; init; }

    /// <inheritdoc/>
    public override string ToString() =>
        $"{CyclesOf.Values.Sum()} cycles ({string.Join(", ", CyclesOf.Select(cycle => $"{cycle.Key} {cycle.Value}"))}); {OfferedCount} messages offered, {100 * OfferedShare:0} % of the rate, {AcknowledgedCount} acknowledged, {ArrivedCount} arrived, {DuplicateCount} of them again; "
        + $"device at most {PeakRssBytes / 1048576} MiB resident, {PeakQueuedCount} waiting, {PeakQueueBytes / 1024} KiB of them in memory (limit {Device.MemoryBytes / 1024}); "
        + (Noticed.Count > 0 ? $"a hung broker noticed {HangsInWords()}; " : "")
        + $"{Problems.Count} problems{string.Concat(Problems.Take(20).Select(problem => "\n" + problem))}\n{(Problems.Count == 0 ? "PASSED" : "FAILED")}";

    /// <summary>The same as a table in Markdown.</summary>
    public IEnumerable<string> ToMarkdown(ChaosPlan plan)
    {
        yield return "# The link in a disturbed world";
        yield return "";
        yield return string.Create(CultureInfo.InvariantCulture, $"A device offers {plan.Rate:0} messages a second that are never dropped, over a relay, to a Mosquitto; a subscriber with a session of its own is the witness. Meanwhile, in {plan.Duration.TotalSeconds:0} s: broker stopped, frozen (SIGSTOP), restarted; network held, dropping bytes; device killed (`kill -9`), also while one of the others lasts.");
        yield return "";
        yield return "| what | figure | bar |";
        yield return "|---|---:|---|";
        yield return $"| disturbances | {CyclesOf.Values.Sum()}: {string.Join(", ", CyclesOf.Select(cycle => $"{cycle.Key} {cycle.Value}"))} | |";
        yield return string.Create(CultureInfo.InvariantCulture, $"| messages offered | {OfferedCount}, {100 * OfferedShare:0} % of the rate | >= {100 * plan.LeastOfferedShare:0} % |");
        yield return $"| acknowledged to the sender and not arrived, or out of order after de-duplication, and all else that went wrong | {Problems.Count} | 0 |";
        yield return $"| acknowledged / arrived / arrived again | {AcknowledgedCount} / {ArrivedCount} / {DuplicateCount} | |";
        yield return $"| resident memory of the device, most, MiB | {PeakRssBytes >> 20} | <= {plan.MostRssBytes >> 20} |";
        yield return $"| messages waiting, most; KiB of them in memory | {PeakQueuedCount}; {PeakQueueBytes >> 10} | {Device.MemoryBytes >> 10} KiB |";
        yield return string.Create(CultureInfo.InvariantCulture, $"| a hung broker noticed while publishing | {(Noticed.Count > 0 ? HangsInWords() : "none was frozen for long enough")} | <= {2 * Device.KeepAlive.TotalSeconds:0} s, 2 x keep-alive |");
        yield return "";
        foreach (string problem in Problems.Take(20)) yield return $"- {problem}";
    }

    private string HangsInWords()
    {
        var (seconds, limit) = (NoticedSeconds, 2 * Device.KeepAlive.TotalSeconds);
        string range = seconds.Count > 0 ? string.Create(CultureInfo.InvariantCulture, $"after {seconds.Min():0.0} to {seconds.Max():0.0} s, {seconds.Count} times, {seconds.Count(one => one > limit)} of them later than {limit:0} s") : "never while the machine ran";
        int left = Noticed.Count - seconds.Count;
        return left == 0 ? range : range + string.Create(CultureInfo.InvariantCulture, $"; {left} more, in which the machine stood still for over {StandstillLimit:0.00} s, took up to {Noticed.Max(hang => hang.Seconds):0.0} s");
    }
}
