namespace Edge.Storage.Tests.Files;

public class DurableFileTests
{
    [Fact]
    public void Replace_creates_replaces_and_leaves_no_temporary_file()
    {
        using var folder = new TempFolder();
        DurableFile.Replace(folder["a"], [1, 2, 3]);
        DurableFile.Replace(folder["a"], [4]);
        Assert.Equal([4], File.ReadAllBytes(folder["a"]));
        Assert.Equal([folder["a"]], Directory.GetFiles(folder.Path));
    }

    [Fact]
    public void The_old_content_stands_when_the_temporary_file_cannot_be_written()
    {
        using var folder = new TempFolder();
        DurableFile.Replace(folder["a"], [1]);
        Directory.CreateDirectory(folder["a.tmp"]); // Nobody can write a file of that name now, not even root.
        var error = Assert.Throws<IOException>(() => DurableFile.Replace(folder["a"], [2]));
        Assert.Contains($"'{folder["a"]}' could not be replaced, its old content stands", error.Message);
        Assert.Equal([1], File.ReadAllBytes(folder["a"]));
    }

    [Fact]
    public void A_failed_rename_leaves_no_temporary_file()
    {
        using var folder = new TempFolder();
        Directory.CreateDirectory(folder["a"]);
        Assert.Throws<IOException>(() => DurableFile.Replace(folder["a"], [2]));
        Assert.True(Directory.Exists(folder["a"]));
        Assert.Empty(Directory.GetFiles(folder.Path));
    }

    [Fact]
    public void On_a_full_disk_the_old_content_stands_and_no_torn_file_takes_room()
    {
        using var disk = SmallDisk.Mount(1);
        DurableFile.Replace(disk["a"], [1]);
        disk.LeaveFree(8192);
        Assert.Throws<IOException>(() => DurableFile.Replace(disk["a"], new byte[100_000]));
        Assert.Equal([1], File.ReadAllBytes(disk["a"]));
        Assert.False(File.Exists(disk["a.tmp"]));
        DurableFile.Replace(disk["a"], [2]);
        Assert.Equal([2], File.ReadAllBytes(disk["a"]));
    }

    [Fact]
    public void SyncDirectory_works_here_and_says_which_folder_is_not_there()
    {
        using var folder = new TempFolder();
        DurableFile.SyncDirectory(folder.Path);
        Assert.SkipUnless(OperatingSystem.IsLinux(), "on Windows there is nothing to sync");
        Assert.Contains(folder["none"], Assert.Throws<IOException>(() => DurableFile.SyncDirectory(folder["none"])).Message);
        File.WriteAllText(folder["file"], "");
        Assert.Throws<IOException>(() => DurableFile.SyncDirectory(folder["file"]));
    }

    [Fact]
    public void Copy_refuses_to_overwrite()
    {
        using var folder = new TempFolder();
        File.WriteAllBytes(folder["from"], [1, 2]);
        DurableFile.Copy(folder["from"], folder["to"]);
        Assert.Equal([1, 2], File.ReadAllBytes(folder["to"]));
        Assert.Throws<IOException>(() => DurableFile.Copy(folder["from"], folder["to"]));
    }

    [Fact]
    public void MoveDirectory_takes_a_folder_with_its_files()
    {
        using var folder = new TempFolder();
        Directory.CreateDirectory(folder["from"]);
        File.WriteAllBytes(Path.Combine(folder["from"], "a"), [1]);
        DurableFile.MoveDirectory(folder["from"], folder["to"]);
        Assert.Equal([1], File.ReadAllBytes(Path.Combine(folder["to"], "a")));
        Assert.False(Directory.Exists(folder["from"]));
    }

    [Fact]
    public void A_second_name_keeps_what_a_file_held_before_it_was_replaced()
    {
        using var folder = new TempFolder();
        string path = folder["a"], second = folder["a.before"];
        Assert.False(DurableFile.KeepAs(path, second));
        Assert.Empty(Directory.GetFiles(folder.Path));
        for (byte version = 1; version <= 3; version++)
        {
            if (version > 1) Assert.True(DurableFile.KeepAs(path, second));
            DurableFile.Replace(path, [version]);
            if (version > 1) Assert.Equal((byte)(version - 1), Assert.Single(File.ReadAllBytes(second)));
        }

        Assert.True(DurableFile.KeepAs(path, second));
        Assert.True(DurableFile.KeepAs(path, second)); // As when replacing the file failed in between.
        Assert.Equal([path, second], Directory.GetFiles(folder.Path).Order(StringComparer.Ordinal));
        Assert.Equal([3], File.ReadAllBytes(second));
    }
}
