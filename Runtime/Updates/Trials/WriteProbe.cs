using Edge.Storage;

namespace Edge.Runtime.Updates.Trials;

/// <summary>
/// Whether the data directory takes writes: a small file is forced to disk and deleted again. A trial that waits for its first window looks twenty times a second, and flash wears with each of these writes; so one is made every five
/// seconds at most, and what it found holds until the next. Not thread-safe.
/// </summary>
/// <param name="directory">Where it writes.</param>
/// <param name="time">The clock.</param>
public sealed class WriteProbe(string directory, TimeProvider time)
{
    /// <summary>How long what was found holds: the default grace of 30 s costs 7 writes instead of 600.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);

    private long? lastTicks;
    private string? lastProblem;

    /// <summary>Why it takes none; null when it does.</summary>
    public string? Problem()
    {
        if (lastTicks is { } last && time.GetElapsedTime(last) < Pause) return lastProblem;
        lastProblem = Write();
        lastTicks = time.GetTimestamp();
        return lastProblem;
    }

    private string? Write()
    {
        try
        {
            string probe = Path.Combine(directory, "probe");
            DurableFile.Replace(probe, "written to see whether it can be\n"u8);
            File.Delete(probe);
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return e.Message;
        }
    }
}
