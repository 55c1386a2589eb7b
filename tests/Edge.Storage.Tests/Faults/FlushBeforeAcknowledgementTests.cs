using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Edge.Storage.Tests.Faults;

/// <summary>What the kernel was asked for, by strace: before every acknowledgement, the batch was forced to disk, in the order that a power cut needs.</summary>
public partial class FlushBeforeAcknowledgementTests
{
    private const int AcknowledgementCount = 25;

    [Theory]
    [InlineData("steady")]
    [InlineData("import")]
    [InlineData("evict")] // A round is settled now and then.
    [InlineData("forget")]
    public void Everything_acknowledged_was_forced_to_disk_first(string stage)
    {
        using var folder = new TempFolder();
        string[] lines = Traced(folder, AcknowledgementCount, stage);
        AssertForced(lines);
        if (stage == "evict") Assert.Contains(lines, line => line.Contains("\"begin settle", StringComparison.Ordinal));
    }

    [Fact]
    public void A_journal_that_a_killed_process_left_is_forced_to_disk_before_it_is_applied()
    {
        using var folder = new TempFolder();
        _ = Traced(folder, 3);
        Assert.True(new FileInfo(folder["replay-log.db"]).Length > 0, "the first process left no journal");
        bool forced = false, applied = false;
        foreach (string line in Traced(folder, 1))
        {
            if (Call().Match(line) is not { Success: true } call) continue;
            string file = Path.GetFileName(call.Groups[3].Value);
            bool forces = call.Groups[2].Value is "fsync" or "fdatasync";
            forced |= forces && file == "replay-log.db";
            if (forces || file != "replay.db") continue;
            Assert.True(forced, "the data file was written before the journal was known to be on disk");
            applied = true;
        }

        Assert.True(applied);
    }

    /// <summary>What a process that works on a store asks the kernel for, until it has acknowledged so many batches and is killed.</summary>
    private static string[] Traced(TempFolder folder, int acknowledgementCount, string stage = "steady")
    {
        string trace = folder["trace"];
        Process process;
        try
        {
            process = Process.Start(new ProcessStartInfo(
                "strace",
                ["-f", "-y", "-s", "12", "-e", "trace=write,pwrite64,pwritev,fsync,fdatasync", "-o", trace, Path.Combine(AppContext.BaseDirectory, "Edge.ReplayVictim"), "work", folder.Path, stage]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Skip("strace is not installed (apt-get install strace)");
            return [];
        }

        using (process)
        {
            int acknowledged = 0;
            while (acknowledged < acknowledgementCount && process.StandardOutput.ReadLine() is { } line) acknowledged += line.StartsWith("ack", StringComparison.Ordinal) || line == "done" ? 1 : 0;
            process.Kill(entireProcessTree: true);
            process.WaitForExit();
            Assert.SkipWhen(acknowledged == 0 && process.StandardError.ReadToEnd() is { Length: > 0 } refusal && refusal.Contains("ptrace", StringComparison.OrdinalIgnoreCase), "strace may not trace here");
            Assert.Equal(acknowledgementCount, acknowledged);
        }

        return File.ReadAllLines(trace);
    }

    [Theory]
    [InlineData("journal", "a batch was acknowledged before its journal was forced to disk")]
    [InlineData("data", "the journal was overwritten before the data file was forced to disk")]
    public void A_missing_flush_would_be_seen(string missing, string message)
    {
        string data = "/x/replay.db", log = "/x/replay-log.db";
        string[] lines =
        [
            $"1 pwrite64(40<{data}>, \"abc\"..., 8192, 0) = 8192", .. missing == "data" ? [] : new[] { $"1 fsync(40<{data}>) = 0" },
            $"1 pwrite64(41<{log}>, \"EDGEJRNL\"..., 900, 0) = 900", .. missing == "journal" ? [] : new[] { $"1 fsync(41<{log}>) = 0" },
            $"1 pwrite64(40<{data}>, \"abc\"..., 4096, 0) = 4096", "1 write(1<pipe:[5]>, \"ack 1 2 3\"..., 12) = 12",
        ];
        var error = Assert.ThrowsAny<Exception>(() => AssertForced(lines));
        Assert.Contains(message, error.Message);
    }

    /// <summary>
    /// Before the journal is overwritten, everything written to the data file is on disk; before an acknowledgement, the journal is, and since it was nothing was written to the data file but what it holds.
    /// </summary>
    private static void AssertForced(IEnumerable<string> lines)
    {
        bool dataOpen = false, journalOpen = false, journalWritten = false;
        int acknowledged = 0;
        var pending = new Dictionary<string, string>();
        foreach (string traced in lines)
        {
            string line = Whole(traced, pending);
            if (Call().Match(line) is not { Success: true } call) continue;
            string name = call.Groups[2].Value, file = Path.GetFileName(call.Groups[3].Value);
            bool forces = name is "fsync" or "fdatasync";
            if (file == "replay.db") dataOpen = !forces;
            else if (file == "replay-log.db" && forces) journalOpen = false;
            else if (file == "replay-log.db")
            {
                Assert.False(dataOpen, "the journal was overwritten before the data file was forced to disk");
                (journalOpen, journalWritten) = (true, true);
            }
            else if (line.Contains("\"ack ", StringComparison.Ordinal) || line.Contains("\"done", StringComparison.Ordinal))
            {
                Assert.True(journalWritten, "a batch was acknowledged that was not journalled");
                Assert.False(journalOpen, "a batch was acknowledged before its journal was forced to disk");
                (journalWritten, acknowledged) = (false, acknowledged + 1);
            }
        }

        Assert.True(acknowledged > 0);
    }

    /// <summary>A call counts when it has returned; strace cuts it in two where another thread came between. A write counts when it begins.</summary>
    private static string Whole(string line, Dictionary<string, string> pending)
    {
        string thread = line.Split(' ')[0];
        if (line.Contains("<unfinished ...>", StringComparison.Ordinal))
        {
            pending[thread] = line;
            return line.Contains("sync(", StringComparison.Ordinal) ? "" : line;
        }

        return line.Contains("resumed>", StringComparison.Ordinal) && pending.Remove(thread, out string? begun) && begun.Contains("sync(", StringComparison.Ordinal) ? begun : line;
    }

    [GeneratedRegex(@"^(\d+) +(write|pwrite64|pwritev|fsync|fdatasync)\(\d+<([^>]*)>")]
    private static partial Regex Call();
}
