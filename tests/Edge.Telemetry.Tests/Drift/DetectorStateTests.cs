using Edge.Telemetry.Drift;

namespace Edge.Telemetry.Tests.Drift;

public class DetectorStateTests
{
    private static readonly string[] s_names = ["adwin", "pageHinkley", "kswin", "ddm", "hddmA", "hddmW"];

    public static TheoryData<string, int> Cuts => [.. from name in s_names from cut in new[] { 0, 17, 64, 1015, 1030, 1100 } select (name, cut)];

    [Theory]
    [MemberData(nameof(Cuts))]
    public void A_restored_detector_goes_on_to_the_bit(string name, int cut)
    {
        double[] stream = KnownStreams.Named("numpy 12345: 0.2 then 0.8");
        IDriftDetector straight = Of(name), first = Of(name), second = Of(name);
        Assert.All(stream[..cut], value => Assert.Equal(straight.Update(value), first.Update(value)));
        Assert.True(second.TryRestore(first.Save(), out string refusal), refusal);

        Assert.All(stream[cut..], value =>
        {
            Assert.Equal(straight.Update(value), second.Update(value));
            Assert.Equal((straight.Statistic, straight.Threshold, straight.ChangeAge), (second.Statistic, second.Threshold, second.ChangeAge));
        });
        Assert.Equal(straight.Save(), second.Save());
    }

    [Fact]
    public void A_reset_detector_is_as_new() => Assert.All(s_names, name =>
    {
        IDriftDetector used = Of(name), fresh = Of(name);
        foreach (double value in KnownStreams.Named("10 % errors then 50 %")[..1040])
        {
            used.Update(value);
        }

        used.Reset();
        Assert.Equal(fresh.Save(), used.Save());
    });

    [Fact]
    public void A_damaged_state_is_refused_and_leaves_a_fresh_detector() => Assert.All(s_names, name =>
    {
        IDriftDetector detector = Of(name), fresh = Of(name);
        byte[] good = Fed(name).Save();
        for (int place = 0; place < good.Length; place += 1 + (good.Length / 97))
        {
            byte[] bad = [.. good];
            bad[place] ^= 0x41;
            Assert.False(detector.TryRestore(bad, out string refusal));
            Assert.NotEmpty(refusal);
            Assert.Equal(fresh.Save(), detector.Save());
        }

        Assert.False(detector.TryRestore(good.AsSpan(0, good.Length - 1), out _));
        Assert.False(detector.TryRestore([], out _));
    });

    [Fact]
    public void A_state_of_another_detector_setting_or_version_is_refused_by_name()
    {
        Assert.False(new Ddm().TryRestore(new HddmA().Save(), out string refusal));
        Assert.Equal("state of 'hddmA'; expected 'ddm'", refusal);
        Assert.False(new Adwin().TryRestore(new Adwin(new AdwinOptions { Delta = 0.01 }).Save(), out refusal));
        Assert.Equal("saved with delta 0.01, now it is 0.002", refusal);
        byte[] later = new Ddm().Save();
        later[4] = 2;
        Assert.False(new Ddm().TryRestore(later, out refusal));
        Assert.Equal("version 2 of the format; this program reads up to 1", refusal);
    }

    [Fact]
    public void The_bytes_of_version_1_are_these()
    {
        Ddm detector = new();
        detector.Update(1);
        detector.Update(0);

        Assert.Equal(
            "4544524601" + "03" + "64646D" + "61000000" + "0000000000003E40" + "0000000000000040" + "0000000000000840" + "0200000000000000" + "0000000000000000" + "000000000000E03F" +
            "FFFFFFFFFFFFEF7F" + "0000000000000000" + "0000000000000000" + "00" + "0000000000000000" + "0000000000000000" + "0000000000000000",
            Convert.ToHexString(detector.Save())[..^8]);
    }

    [Fact]
    public void An_observation_that_is_no_number_is_a_bug() => Assert.All(s_names, name =>
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Of(name).Update(double.NaN));
        Assert.Throws<ArgumentOutOfRangeException>(() => Of(name).Update(double.PositiveInfinity));
    });

    [Fact]
    public void An_update_allocates_nothing() => Assert.All(s_names, name =>
    {
        IDriftDetector detector = Fed(name);
        double[] stream = KnownStreams.Named("numpy 12345: 0.2 then 0.8");
        int alarms = 0;
        long least = long.MaxValue;
        for (int turn = 0; turn < 5; turn++) // The runtime may charge a thread for work of its own, such as compiling a loop anew; what updates allocate, they allocate in every turn.
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            foreach (double value in stream)
            {
                alarms += detector.Update(value) == DriftState.Drift ? 1 : 0;
            }

            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.Equal(0, least);
        Assert.True(alarms > 0, $"{name} never rang: its alarm was not measured");
    });

    private static IDriftDetector Fed(string name)
    {
        IDriftDetector detector = Of(name);
        foreach (double value in KnownStreams.Named("numpy 12345: 0.2 then 0.8"))
        {
            detector.Update(value);
        }

        return detector;
    }

    private static IDriftDetector Of(string name) => name switch
    {
        "adwin" => new Adwin(),
        "pageHinkley" => new PageHinkley(),
        "kswin" => new Kswin(),
        "ddm" => new Ddm(),
        "hddmA" => new HddmA(),
        _ => new HddmW(),
    };
}
