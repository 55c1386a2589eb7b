using System.Diagnostics;
using Edge.Runtime.Updates.States;

namespace Edge.Runtime.Fleet.Simulation;

/// <summary>How a simulation went, at one moment or at its end.</summary>
internal sealed record SimulationReport
{
    /// <summary>Devices.</summary>
    public required int DeviceCount { get; init; }

    /// <summary>Devices whose session the broker has.</summary>
    public required int ConnectedCount { get; init; }

    /// <summary>Devices that fail health in a trial.</summary>
    public required int FailingCount { get; init; }

    /// <summary>Seconds since the first device was started.</summary>
    public required double Seconds { get; init; }

    /// <summary>Messages that the broker has acknowledged.</summary>
    public required long MessageCount { get; init; }

    /// <summary>Devices by what they run with: "file" or "version N".</summary>
    public required IReadOnlyDictionary<string, int> ActiveConfigs { get; init; }

    /// <summary>Devices on trial.</summary>
    public required int OnTrialCount { get; init; }

    /// <summary>Devices by what became of the latest document that was accepted; those that have accepted none are not in it.</summary>
    public required IReadOnlyDictionary<string, int> Attempts { get; init; }

    /// <summary>Seconds for which a processor worked, since the first device was started; with an embedded broker its share too.</summary>
    public required double CpuSeconds { get; init; }

    /// <summary>Share of one processor core that a device takes, percent: <see cref="CpuSeconds"/> / <see cref="Seconds"/> / devices.</summary>
    public double CpuPercentPerDevice => Math.Round(100 * CpuSeconds / Seconds / DeviceCount, 3);

    /// <summary>Resident memory of the process, MiB.</summary>
    public required double MemoryMiB { get; init; }

    /// <summary>What it was before the first device, MiB; with the embedded broker.</summary>
    public required double MemoryBeforeMiB { get; init; }

    /// <summary>(<see cref="MemoryMiB"/> - <see cref="MemoryBeforeMiB"/>) / devices, KiB.</summary>
    public double MemoryKiBPerDevice => Math.Round(1024 * (MemoryMiB - MemoryBeforeMiB) / DeviceCount, 1);
}

/// <summary>Many simulated devices in one process, each with its own link, below a folder that goes with them.</summary>
internal sealed class SimulatedFleet : IDisposable
{
    /// <summary>Most devices: an embedded broker keeps 4096 retained messages, and each device has up to four.</summary>
    internal const int MostDevices = 1000;

    private const int DisksAtOnce = 4;
    private const int EndingAtOnce = 64;
    private static readonly TimeSpan s_apart = TimeSpan.FromMilliseconds(2);
    private readonly string folder = Directory.CreateTempSubdirectory("edge-simulate-").FullName;
    private readonly SemaphoreSlim disk = new(DisksAtOnce);
    private readonly TimeProvider time;
    private readonly int failingCount;
    private long start;
    private TimeSpan cpuBefore;
    private double memoryBefore;

    /// <summary>A fleet that does nothing yet.</summary>
    internal SimulatedFleet(SimulationOptions options, TimeProvider time)
    {
        this.time = time;
        var failing = options.Failing();
        failingCount = failing.Count;
        Devices = [.. options.Ids.Select((id, index) => new SimulatedDevice(options, index + 1, failing.Contains(id), Path.Combine(folder, id), disk, time))];
    }

    /// <summary>The devices.</summary>
    internal IReadOnlyList<SimulatedDevice> Devices { get; }

    /// <summary>Lives until <paramref name="stopping"/>.</summary>
    internal async Task RunAsync(CancellationToken stopping)
    {
        ThreadPool.GetMinThreads(out int workers, out int ports);
        ThreadPool.SetMinThreads(Math.Max(workers, EndingAtOnce), ports); // The end of a connection holds its thread for a moment, and the pool would grow by two a second.
        using (var process = Process.GetCurrentProcess()) (cpuBefore, memoryBefore) = (process.TotalProcessorTime, process.WorkingSet64 / 1048576.0);
        start = time.GetTimestamp();
        using var lives = new Lives(EndingAtOnce);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(stopping, lives.Failed);
        try
        {
            foreach (var device in Devices)
            {
                lives.Begin(device.RunAsync);
                await Task.Delay(s_apart, time, stop.Token);
            }

            await Task.Delay(Timeout.InfiniteTimeSpan, time, stop.Token);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Its end.
        }

        await lives.EndAsync();
    }

    /// <summary>How it goes.</summary>
    internal SimulationReport Report()
    {
        using var process = Process.GetCurrentProcess();
        var states = Devices.Select(device => device.State).OfType<ConfigState>().ToArray();
        return new SimulationReport
        {
            DeviceCount = Devices.Count,
            ConnectedCount = Devices.Count(device => device.IsConnected),
            FailingCount = failingCount,
            Seconds = Math.Round(time.GetElapsedTime(start).TotalSeconds, 3),
            MessageCount = Devices.Sum(device => device.PublishedCount),
            ActiveConfigs = Counts(states.Select(state => state.Good is { } good ? $"version {good.Version}" : "file")),
            OnTrialCount = states.Count(state => state.Phase is ConfigPhase.Staged or ConfigPhase.Trial),
            Attempts = Counts(states.Select(state => state.LastAttempt).OfType<ConfigTrialRecord>().Select(attempt => $"version {attempt.Document.Version} {Word(attempt.Result)}")),
            CpuSeconds = Math.Round((process.TotalProcessorTime - cpuBefore).TotalSeconds, 3),
            MemoryMiB = Math.Round(process.WorkingSet64 / 1048576.0, 1),
            MemoryBeforeMiB = Math.Round(memoryBefore, 1),
        };
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        disk.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    private static SortedDictionary<string, int> Counts(IEnumerable<string> words) => new(words.GroupBy(word => word, StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.Count(), StringComparer.Ordinal), StringComparer.Ordinal);

    private static string Word(AttemptResult result) => System.Text.Json.JsonNamingPolicy.CamelCase.ConvertName(result.ToString());
}
