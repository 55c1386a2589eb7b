using System.Runtime;
using System.Runtime.InteropServices;

namespace Edge.Runtime.Learning;

/// <summary>
/// Keeps the service small. glibc gives every thread that allocates an arena of its own and keeps what it has freed; a round opens and closes four inference sessions on whatever thread it is on, and
/// after 24 rounds a hundred MiB lay free in thirteen arenas (measured from smaps on UCI HAR).
/// </summary>
public static partial class NativeMemory
{
    private const int ArenaMax = -8; // M_ARENA_MAX in malloc.h

    /// <summary>Lets native code use two arenas at most. To be called before it has allocated much.</summary>
    public static void LimitArenas() => IfThere(() => _ = SetOption(ArenaMax, 2));

    /// <summary>Gives back what lies free, managed and native. Stops the process for some milliseconds: to be called after a round, not while one waits for a window.</summary>
    public static void Release()
    {
        GCSettings.LargeObjectHeapCompactionMode = GCLargeObjectHeapCompactionMode.CompactOnce;
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        IfThere(() => _ = Trim(0));
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
