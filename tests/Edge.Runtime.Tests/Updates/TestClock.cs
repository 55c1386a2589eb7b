using Edge.Runtime.Updates.Checks;

namespace Edge.Runtime.Tests.Updates;

/// <summary>A clock that a test sets.</summary>
internal sealed class TestClock : IDeviceClock
{
    public DateTimeOffset Now { get; set; } = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    public bool IsSynchronised { get; set; } = true;
}
