using Edge.Runtime.Inference;
using Edge.Storage.Tests;

namespace Edge.Runtime.Tests.Inference;

/// <summary>The file of the statistics on a disk that is full for a while.</summary>
public class FullDiskTests
{
    private const int FeatureLength = 200; // 160 kB a class.

    [Fact]
    public void A_full_disk_is_counted_the_old_file_stands_and_the_next_examples_write_it_again()
    {
        using var disk = SmallDisk.Mount(2);
        var statistics = new FrozenStatistics(disk["statistics.bin"]);
        statistics.Open("bank", FeatureLength, lastExampleId: 0);
        statistics.Count(Windows(300), 300);
        statistics.SaveThrough(300);
        Assert.Equal((0, ""), (statistics.FailureCount, statistics.Failure));
        byte[] before = File.ReadAllBytes(disk["statistics.bin"]);

        disk.LeaveFree(20_000);
        statistics.Count(Windows(300), 600);
        Assert.Throws<IOException>(() => statistics.SaveThrough(600)); // What is not in the file must not leave the buffer.
        Assert.Equal(1, statistics.FailureCount);
        Assert.Contains("statistics.bin", statistics.Failure, StringComparison.Ordinal);
        Assert.Equal(600, statistics.Counted!.Count);
        Assert.Equal(before, File.ReadAllBytes(disk["statistics.bin"]));
        statistics.Count(Windows(1), 601); // Tried again.
        Assert.Equal(2, statistics.FailureCount);

        disk.Clear();
        statistics.Count(Windows(1), 602);
        Assert.Equal((2, ""), (statistics.FailureCount, statistics.Failure));
        var again = new FrozenStatistics(disk["statistics.bin"]);
        again.Open("bank", FeatureLength, 602);
        Assert.Equal((602, 602ul), (again.Counted!.Count, again.Counted.ThroughExampleId));
    }

    [Fact]
    public void What_was_counted_anew_on_a_full_disk_keeps_everything_in_the_buffer_until_it_is_written()
    {
        using var disk = SmallDisk.Mount(2);
        disk.LeaveFree(20_000);
        var statistics = new FrozenStatistics(disk["statistics.bin"]);
        statistics.Open("bank", FeatureLength, lastExampleId: 40);
        statistics.CatchUp(Windows(30), 40, 40); // They had their round long ago, so that one of them may leave for whatever comes.
        Assert.Throws<IOException>(() => statistics.SaveThrough(0));
        disk.Clear();
        statistics.SaveThrough(0);
        var again = new FrozenStatistics(disk["statistics.bin"]);
        again.Open("bank", FeatureLength, 40);
        Assert.Equal((30, 40ul), (again.Counted!.Count, again.Counted.ThroughExampleId));
    }

    private static EncodedWindows Windows(int count)
    {
        var windows = new EncodedWindows(1, FeatureLength);
        for (int i = 0; i < count; i++) windows.Add("a", [1], new float[FeatureLength]);
        return windows;
    }
}
