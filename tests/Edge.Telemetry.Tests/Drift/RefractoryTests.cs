using Edge.Telemetry.Drift.Watching;

namespace Edge.Telemetry.Tests.Drift;

public class RefractoryTests
{
    private const double Seconds = 300;

    [Fact]
    public void After_an_event_others_are_counted_until_the_time_is_over()
    {
        Refractory refractory = new();

        Assert.True(refractory.Admits(Rings(2), 1000, Seconds));
        Assert.False(refractory.Admits(Rings(1), 1299.9, Seconds));
        Assert.True(refractory.Admits(Rings(1), 1300, Seconds));
        Assert.Equal((2, 2), (refractory.ToldCount, refractory.SuppressedCount));
    }

    [Fact]
    public void Stream_time_that_begins_anew_ends_it_for_good()
    {
        Refractory refractory = new();
        refractory.Admits(Rings(1), 1000, Seconds);

        Assert.False(refractory.Admits(default, 1, Seconds)); // The first window after a restart; nothing rings.
        Assert.True(refractory.Admits(Rings(1), 1100, Seconds)); // Another life's 1100: its own events are 1100 s away.
    }

    private static Rings Rings(int count)
    {
        Rings rings = default;
        for (int i = 0; i < count; i++)
        {
            rings.Add(new Ring("inputs", "inputs", 2, 1, 1, null));
        }

        return rings;
    }
}
