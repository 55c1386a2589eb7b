using System.Runtime.InteropServices;

namespace Edge.Runtime.Updates.Checks;

/// <summary>The device's clock, and whether it can be believed.</summary>
public interface IDeviceClock
{
    /// <summary>What it says.</summary>
    DateTimeOffset Now { get; }

    /// <summary>Whether somebody keeps it right. A device without a battery-backed clock wakes up in the past.</summary>
    bool IsSynchronised { get; }
}

/// <summary>The system's clock; the kernel knows whether a time service keeps it right (adjtimex(2), TIME_ERROR means not).</summary>
public sealed partial class SystemDeviceClock(TimeProvider time) : IDeviceClock
{
    private const int TimeError = 5;

    /// <inheritdoc/>
    public DateTimeOffset Now => time.GetUtcNow();

    /// <inheritdoc/>
    public bool IsSynchronised
    {
        get
        {
            if (!OperatingSystem.IsLinux()) return true;
            Span<byte> timex = stackalloc byte[512]; // struct timex has 208 bytes; modes 0, the first field, only asks.
            timex.Clear();
            return AdjustTime(ref MemoryMarshal.GetReference(timex)) is >= 0 and not TimeError;
        }
    }

    [LibraryImport("libc", EntryPoint = "adjtimex")]
    private static partial int AdjustTime(ref byte timex);
}
