using Edge.Runtime.Commands;
using Edge.Storage;

namespace Edge.Runtime.Tests.Commands;

public class LoadLineTests
{
    [Fact]
    public void One_line_is_written_over_and_ended_when_all_is_read()
    {
        using var text = new StringWriter { NewLine = "\n" };
        var line = new LoadLine(text);
        line.Report(new LoadProgress("/data/windows_of_training.npz", 1 << 20, 5 << 20));
        line.Report(new LoadProgress("/data/test.npz", 5 << 20, 5 << 20));
        string first = "1.0 of 5.0 MiB read, windows_of_training.npz";
        Assert.Equal($"\r{first}\r{"5.0 of 5.0 MiB read, test.npz".PadRight(first.Length)}\n", text.ToString());
    }
}
