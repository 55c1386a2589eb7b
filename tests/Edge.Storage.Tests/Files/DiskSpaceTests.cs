namespace Edge.Storage.Tests.Files;

public class DiskSpaceTests
{
    [Fact]
    public void Reserved_space_is_taken_from_the_disk_and_changes_neither_length_nor_content()
    {
        using var disk = SmallDisk.Mount(1);
        File.WriteAllBytes(disk["a"], [1, 2, 3]);
        DiskSpace.Reserve(disk["a"], 500_000);
        Assert.Equal([1, 2, 3], File.ReadAllBytes(disk["a"]));
        disk.LeaveFree(0);
        using var file = File.OpenWrite(disk["a"]);
        file.Write(new byte[500_000]); // The disk is full, but this much is ours.
        file.Flush(flushToDisk: true);
        Assert.Throws<IOException>(() =>
        {
            file.Write(new byte[8192]);
            file.Flush(flushToDisk: true);
        });
    }

    [Fact]
    public void More_than_the_disk_has_is_refused_and_takes_nothing()
    {
        using var disk = SmallDisk.Mount(1);
        var error = Assert.Throws<IOException>(() => DiskSpace.Reserve(disk["a"], 2 << 20));
        Assert.Contains($"'{disk["a"]}' cannot grow to {2 << 20} bytes", error.Message);
        DiskSpace.Reserve(disk["b"], 900_000);
    }
}
