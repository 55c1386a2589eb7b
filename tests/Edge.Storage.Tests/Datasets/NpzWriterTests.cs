namespace Edge.Storage.Tests.Datasets;

public class NpzWriterTests
{
    private static readonly LabelledWindows s_windows = new()
    {
        Window = new WindowShape(2, 3, 12.5),
        Values = [.. Enumerable.Range(0, 18).Select(i => i / 8f)],
        Classes = [2, 0, 2],
        Subjects = [5, -1, 7],
        ClassNames = ["gehen", "stehen", "größer"],
        Domains = [1, 0, 1],
        DomainNames = ["früh", "spät", "nie"],
    };

    [Fact]
    public void Numpy_reads_every_array()
    {
        using var folder = new TempFolder();
        NpzWriter.Write(folder["x.npz"], s_windows);
        Assert.False(File.Exists(folder["x.npz.tmp"]));
        string said = PythonNumpy.Run("""
            z = np.load(path)
            for k in sorted(z.files):
                print(k, z[k].dtype, z[k].shape, z[k].tolist() if k != 'X' else bool((z[k] == np.arange(18).reshape(3, 2, 3) / 8).all()))
            """.Replace("print(", "sys.stdout.reconfigure(encoding='utf-8'); print(", StringComparison.Ordinal), folder["x.npz"]);
        Assert.Equal("""
            X float32 (3, 2, 3) True
            classes <U6 (3,) ['gehen', 'stehen', 'größer']
            domain int32 (3,) [1, 0, 1]
            domains <U4 (3,) ['früh', 'spät', 'nie']
            sample_rate_hz float64 () 12.5
            subject int32 (3,) [5, -1, 7]
            y int32 (3,) [2, 0, 2]
            """.ReplaceLineEndings("\n"), said);
    }

    [Fact]
    public void What_is_written_is_read_back_as_it_was()
    {
        using var folder = new TempFolder();
        NpzWriter.Write(folder["x.npz"], s_windows);
        var read = DatasetReader.Read(folder["x.npz"], new DatasetReadOptions(), null, TestContext.Current.CancellationToken).Train;
        Assert.Equal(s_windows.Window, read.Window);
        Assert.Equal(s_windows.Values, read.Values);
        Assert.Equal(s_windows.Classes, read.Classes);
        Assert.Equal(s_windows.ClassNames, read.ClassNames);
        Assert.Equal(s_windows.Subjects, read.Subjects);
        Assert.Equal(s_windows.Domains, read.Domains);
        Assert.Equal(s_windows.DomainNames, read.DomainNames);
    }

    [Fact]
    public void The_same_windows_give_the_same_bytes()
    {
        using MemoryStream first = new(), second = new();
        NpzWriter.Write(first, s_windows);
        NpzWriter.Write(second, s_windows);
        Assert.Equal(first.ToArray(), second.ToArray());
    }

    [Fact]
    public void A_file_that_cannot_be_written_leaves_the_older_one()
    {
        using var folder = new TempFolder();
        File.WriteAllText(folder["x.npz"], "older");
        Directory.CreateDirectory(folder["x.npz.tmp"]);
        Assert.Throws<UnauthorizedAccessException>(() => NpzWriter.Write(folder["x.npz"], s_windows));
        Assert.Equal("older", File.ReadAllText(folder["x.npz"]));
    }
}
