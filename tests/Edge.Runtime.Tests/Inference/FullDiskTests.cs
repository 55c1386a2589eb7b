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
        Assert.Equal((0, ""), (statistics.FailureCount, statistics.Failure));
        byte[] before = File.ReadAllBytes(disk["statistics.bin"]);

        disk.LeaveFree(20_000);
        statistics.Count(Windows(300), 600);
        Assert.Equal(1, statistics.FailureCount);
        Assert.Contains("statistics.bin", statistics.Failure, StringComparison.Ordinal);
        Assert.Equal(600, statistics.Counted!.Count);
        Assert.Equal(before, File.ReadAllBytes(disk["statistics.bin"]));
        Assert.Throws<IOException>(() => statistics.SaveThrough(600)); // What is not in the file must not leave the buffer.
        Assert.Equal(2, statistics.FailureCount);

        disk.Clear();
        statistics.Count(Windows(1), 601);
        Assert.Equal((2, ""), (statistics.FailureCount, statistics.Failure));
        var again = new FrozenStatistics(disk["statistics.bin"]);
        again.Open("bank", FeatureLength, 601);
        Assert.Equal((601, 601ul), (again.Counted!.Count, again.Counted.ThroughExampleId));
    }

    private static EncodedWindows Windows(int count)
    {
        var windows = new EncodedWindows(1, FeatureLength);
        for (int i = 0; i < count; i++) windows.Add("a", [1], new float[FeatureLength]);
        return windows;
    }
}
