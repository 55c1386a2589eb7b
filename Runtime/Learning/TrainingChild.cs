using System.Diagnostics;
using System.Text.Json;
using Edge.Config;
using Edge.Trainer.Rounds;

namespace Edge.Runtime.Learning;

/// <summary>How a training child ended.</summary>
/// <param name="Ended">Null when it did its work; else what happened, as one clause.</param>
/// <param name="WasKilled">Whether a signal ended it (its own or ours).</param>
/// <param name="Seconds">Wall time.</param>
/// <param name="Talk">Its last lines on standard error.</param>
/// <param name="Outgrew">Which budget it outgrew, for which it was ended; null: none.</param>
public sealed record ChildOutcome(string? Ended, bool WasKilled, double Seconds, string Talk, RoundBudget? Outgrew = null);

/// <summary>What a round may use.</summary>
public enum RoundBudget
{
    /// <summary><c>training.timeBudgetSeconds</c>.</summary>
    Time,

    /// <summary><c>training.memoryBudgetMiB</c>.</summary>
    Memory,
}

/// <summary>
/// Runs a round in a child process (<c>edge train --round DIR</c>), so that a native crash, an out-of-memory kill or a leak in training never touches inference. The child runs at the
/// lowest priority and is ended when it outgrows its budget of time or memory, or when the service goes.
/// </summary>
public static class TrainingChild
{
    private const int TalkLines = 12;

    /// <summary>Runs the round in <paramref name="folder"/> to its end.</summary>
    public static async Task<ChildOutcome> RunAsync(string folder, TrainingSection budget, Action<int, RoundProgress?> report, TimeProvider time, CancellationToken stopping)
    {
        long start = time.GetTimestamp();
        var talk = new Queue<string>();
        using var child = new Process { StartInfo = StartInfo(folder) };
        try
        {
            child.Start();
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            return new ChildOutcome($"the training child cannot be started: {e.Message}", false, 0, "");
        }

        report(child.Id, null);
        var output = ReadProgressAsync(child, report);
        var errors = ReadTalkAsync(child, talk);
        (RoundBudget Budget, string Words)? overBudget;
        try
        {
            overBudget = await WatchAsync(child, budget, time, stopping);
        }
        catch (OperationCanceledException)
        {
            Kill(child);
            throw;
        }

        await Task.WhenAll(output, errors);
        double seconds = time.GetElapsedTime(start).TotalSeconds;
        // .NET reports a process that a signal ended as 128 + the signal's number.
        bool signalled = child.ExitCode > 128;
        string? ended = overBudget?.Words ?? (signalled ? $"signal {child.ExitCode - 128} ended the training child" : child.ExitCode != 0 ? $"the training child exited with {child.ExitCode}" : null);
        // A Ctrl-C in a terminal reaches the child as well, and may end it before this process has heard of it.
        if (ended is not null) await Task.Delay(TimeSpan.FromMilliseconds(300), time, stopping);
        return new ChildOutcome(ended, signalled, seconds, string.Join('\n', talk), overBudget?.Budget);
    }

    /// <summary>Resident memory of a process, MiB; 0 when it is gone.</summary>
    public static double ResidentMiB(int processId, string field = "VmRSS")
    {
        try
        {
            foreach (string line in File.ReadLines($"/proc/{processId}/status"))
            {
                if (line.StartsWith(field, StringComparison.Ordinal)) return double.Parse(line.AsSpan(field.Length + 1).Trim().TrimEnd("kB ")) / 1024;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It ended between two looks.
        }

        return 0;
    }

    private static ProcessStartInfo StartInfo(string folder)
    {
        string program = Path.Combine(AppContext.BaseDirectory, "edge");
        bool hosted = !File.Exists(program);
        var info = new ProcessStartInfo(hosted ? Environment.ProcessPath ?? "dotnet" : program)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true, // Its own, so that a Ctrl-C typed for the service is not read by the child.
        };
        // Threads that wait must not spin: on a core that somebody else wants they cost the round more than they save (27 steps beside another training: 26.5 s spinning, 7.2 s sleeping; two cores).
        info.Environment.TryAdd("OMP_WAIT_POLICY", "PASSIVE");
        if (hosted) info.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "edge.dll"));
        foreach (string argument in new[] { "train", "--round", folder, "--of-service", "--json" }) info.ArgumentList.Add(argument);
        return info;
    }

    private static async Task<(RoundBudget, string)?> WatchAsync(Process child, TrainingSection budget, TimeProvider time, CancellationToken stopping)
    {
        long start = time.GetTimestamp();
        var exit = child.WaitForExitAsync(stopping);
        while (await Task.WhenAny(exit, Task.Delay(TimeSpan.FromMilliseconds(100), time, stopping)) != exit)
        {
            stopping.ThrowIfCancellationRequested();
            double resident = ResidentMiB(child.Id);
            (RoundBudget, string)? over = time.GetElapsedTime(start).TotalSeconds > budget.TimeBudgetSeconds ? (RoundBudget.Time, $"the round took longer than training.timeBudgetSeconds ({budget.TimeBudgetSeconds} s)")
                : resident > budget.MemoryBudgetMiB ? (RoundBudget.Memory, $"the training child used {resident:0} MiB; training.memoryBudgetMiB is {budget.MemoryBudgetMiB}") : null;
            if (over is null) continue;
            Kill(child);
            await child.WaitForExitAsync(stopping);
            return over;
        }

        await exit;
        return null;
    }

    private static void Kill(Process child)
    {
        try
        {
            child.Kill(entireProcessTree: true);
        }
        catch (InvalidOperationException)
        {
            // It ended by itself in the meantime.
        }
    }

    private static async Task ReadProgressAsync(Process child, Action<int, RoundProgress?> report)
    {
        while (await child.StandardOutput.ReadLineAsync() is { } line)
        {
            try
            {
                if (line.StartsWith('{')) report(child.Id, JsonSerializer.Deserialize<RoundProgress>(line, RoundFolder.Json));
            }
            catch (JsonException)
            {
                // A line that was torn by a kill; the exit code tells.
            }
        }
    }

    private static async Task ReadTalkAsync(Process child, Queue<string> talk)
    {
        while (await child.StandardError.ReadLineAsync() is { } line)
        {
            talk.Enqueue(line);
            if (talk.Count > TalkLines) talk.Dequeue();
        }
    }
}
