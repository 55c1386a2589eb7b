using System.Text.Json;
using Edge.Telemetry.Drift;

namespace Edge.Telemetry.Tests.Drift;

public class DriftMonitorTests
{
    [Fact]
    public void The_alarm_names_the_first_window_of_the_change()
    {
        DriftMonitor monitor = Monitor(refractoryWindows: 0);
        List<(ulong Window, DriftReading Reading)> alarms = Feed(monitor, 5000, 200, i => i < 100 ? 0.1 : 0.6);

        (ulong window, DriftReading reading) = Assert.Single(alarms);
        Assert.Equal(5100ul, reading.SinceWindowId);
        Assert.Equal(5110ul, window);
        Assert.True(reading.Score > 1);
        Assert.Equal("pageHinkley", reading.Detector);
    }

    [Fact]
    public void The_first_window_of_the_change_is_right_when_windows_were_lost()
    {
        DriftMonitor monitor = Monitor(refractoryWindows: 0);
        DriftReading reading = default;
        for (ulong i = 0; i < 200 && !reading.Alarm; i++)
        {
            reading = monitor.Update(i < 100 ? 0.1 : 0.6, 10 * i);
        }

        Assert.Equal(1000ul, reading.SinceWindowId);
    }

    [Fact]
    public void The_refractory_period_keeps_further_alarms_back_and_counts_them()
    {
        static double Waves(int i) => (i / 50) % 2 == 0 ? 0.1 : 0.9;
        DriftMonitor loud = Monitor(refractoryWindows: 0), quiet = Monitor(refractoryWindows: 500);
        int loudAlarms = Feed(loud, 0, 500, Waves).Count;
        int quietAlarms = Feed(quiet, 0, 500, Waves).Count;

        Assert.True(loudAlarms > 2, $"{loudAlarms} alarms");
        Assert.Equal(1, quietAlarms);
        Assert.Equal((loudAlarms, 0L), (loud.AlarmCount, loud.SuppressedCount));
        Assert.Equal((1L, loudAlarms - 1L), (quiet.AlarmCount, quiet.SuppressedCount));
    }

    [Fact]
    public void A_new_snapshot_is_not_mistaken_for_a_drift()
    {
        DriftMonitor rebased = Monitor(0), kept = Monitor(0);
        Feed(rebased, 0, 100, _ => 0.1);
        Feed(kept, 0, 100, _ => 0.1);
        rebased.Rebase();

        Assert.Empty(Feed(rebased, 100, 100, _ => 0.6));
        Assert.NotEmpty(Feed(kept, 100, 100, _ => 0.6));
        Assert.Equal(1, rebased.RebaseCount);
    }

    [Fact]
    public void Not_a_number_is_counted_and_changes_nothing()
    {
        DriftMonitor clean = Monitor(0), holey = Monitor(0);
        Feed(clean, 0, 100, i => i * 0.001);
        Feed(holey, 0, 200, i => i % 2 == 0 ? double.NaN : i / 2 * 0.001);

        Assert.Equal(100, holey.NotANumberCount);
        Assert.Equal((clean.WindowCount, clean.Score), (holey.WindowCount, holey.Score));
    }

    [Fact]
    public void A_restored_monitor_goes_on_where_it_was()
    {
        DriftMonitor first = Monitor(20), second = Monitor(20);
        Feed(first, 0, 105, i => i < 100 ? 0.1 : 0.6);
        second.Restore(JsonSerializer.Deserialize<DriftMonitorState>(JsonSerializer.Serialize(first.Save()))!);

        List<(ulong, DriftReading)> expected = Feed(first, 105, 100, _ => 0.6), actual = Feed(second, 105, 100, _ => 0.6);
        Assert.Single(actual);
        Assert.Equal(expected, actual);
        Assert.Equal(first.Save(), second.Save());
    }

    [Fact]
    public void A_window_allocates_nothing()
    {
        DriftMonitor monitor = Monitor(10);
        monitor.Update(0.1, 0);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (ulong i = 1; i < 1000; i++)
        {
            monitor.Update(i < 500 ? 0.1 : 0.6, i);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.True(monitor.AlarmCount > 0);
    }

    private static DriftMonitor Monitor(int refractoryWindows) => new(new PageHinkley(new PageHinkleyOptions { MinInstances = 30, Threshold = 5 }), refractoryWindows);

    private static List<(ulong Window, DriftReading Reading)> Feed(DriftMonitor monitor, ulong firstWindow, int count, Func<int, double> distance)
    {
        List<(ulong, DriftReading)> alarms = [];
        for (int i = 0; i < count; i++)
        {
            DriftReading reading = monitor.Update(distance(i), firstWindow + (ulong)i);
            if (reading.Alarm)
            {
                alarms.Add((firstWindow + (ulong)i, reading));
            }
        }

        return alarms;
    }
}
