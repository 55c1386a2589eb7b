using System.Runtime;
using System.Runtime.InteropServices;

namespace Edge.Runtime.Learning;

/// <summary>
/// Keeps the service small. glibc gives every thread that allocates an arena of its own and keeps what it has freed; a round opens and closes four inference sessions on whatever thread it is on, and
/// after 24 rounds a hundred MiB lay free in thirteen arenas (measured from smaps on UCI HAR). The runtime's own threads have arenas before the first line of this program, so a limit alone does not make them few.
/// </summary>
public static partial class NativeMemory
{
    private const int TrimThreshold = -1, MapThreshold = -3, ArenaMax = -8; // M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX in malloc.h
    private const int MappedFromBytes = 512 << 10, KeptOnTopBytes = 2 << 20;

    /// <summary>
    /// No new arenas beyond two, and what is large is mapped by itself and given back when it is freed. glibc raises its threshold with every large block that is freed, up to 32 MiB: from then on what a session needs that comes
    /// and goes lies in an arena and leaves holes. What a window of nine channels needs on its way through the graph is smaller; with a threshold of 128 or 256 KiB it would be mapped each time anew, and a window take 0.62 ms
    /// instead of 0.35 (measured). To be called before native code has allocated much.
    /// </summary>
    public static void Limit() => IfThere(() =>
    {
        foreach (var (_, option, value) in Limits) _ = SetOption(option, value);
    });

    /// <summary>What <see cref="Limit"/> sets: its name and number in malloc.h, and the value, bytes where it is a size.</summary>
    public static IReadOnlyList<(string Name, int Option, int Value)> Limits { get; } =
        [("M_ARENA_MAX", ArenaMax, 2), ("M_MMAP_THRESHOLD", MapThreshold, MappedFromBytes), ("M_TRIM_THRESHOLD", TrimThreshold, KeptOnTopBytes)];

    /// <summary>Gives back what lies free in native memory: some milliseconds, for which nobody but this thread waits as a rule.</summary>
    public static void ReleaseNative() => IfThere(() => _ = Trim(0));

    /// <summary>Gives back what lies free, managed and native. Stops the process for some milliseconds: to be called after a round, not while one waits for a window.</summary>
    public static void Release()
    {
        GCSettings.LargeObjectHeapCompactionMode = GCLargeObjectHeapCompactionMode.CompactOnce;
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        ReleaseNative();
    }

    private static void IfThere(Action call)
    {
        try
        {
            call();
        }
        catch (Exception e) when (e is EntryPointNotFoundException or DllNotFoundException)
        {
            // Another C library (musl): it has no arenas.
        }
    }

    [LibraryImport("libc", EntryPoint = "mallopt")]
    private static partial int SetOption(int option, int value);

    [LibraryImport("libc", EntryPoint = "malloc_trim")]
    private static partial int Trim(nuint keepBytes);
}
