using Edge.Storage.Tests.Replay;
using Edge.Storage.Tests.Statistics;

namespace Edge.Storage.Tests.Recorded;

public class RecordedFilesTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task A_store_that_this_version_has_written_is_read_exactly_and_goes_on_as_it_would_have(int version)
    {
        using var folder = new TempFolder();
        bool isCurrent = version == ExampleRecord.Version;
        if (RecordedFiles.Regenerate && isCurrent)
        {
            await RecordedStore.WriteAsync(folder["new.db"]);
            File.Copy(folder["new.db"], RecordedFiles.PathOf($"replay-v{version}.db"), overwrite: true);
        }

        File.Copy(RecordedFiles.PathOf($"replay-v{version}.db"), folder["replay.db"]);
        using var buffer = Samples.Open(folder["replay.db"], RecordedStore.OptionsOf(version));
        Assert.Null(buffer.QuarantinedTo);
        string content = await RecordedStore.ReadAsync(buffer);
        foreach (string role in new[] { "Replay", "Anchor", "Fresh" }) Assert.Contains($" {role} window", content, StringComparison.Ordinal);
        RecordedFiles.HoldsExactly($"replay-v{version}.txt", content + await RecordedStore.GoOnAsync(buffer), isCurrent);
    }

    [Fact]
    public async Task A_change_that_a_kill_left_in_a_journal_of_version_1_is_finished()
    {
        using var folder = new TempFolder();
        if (RecordedFiles.Regenerate)
        {
            await RecordedStore.WriteKilledAsync(folder["new.db"]);
            File.Copy(folder["new.db"], RecordedFiles.PathOf("killed-v1.db"), overwrite: true);
            File.Copy(ReplayFile.LogOf(folder["new.db"]), RecordedFiles.PathOf("killed-v1-log.db"), overwrite: true);
        }

        File.Copy(RecordedFiles.PathOf("killed-v1.db"), folder["replay.db"]);
        using (var without = Samples.Open(folder["replay.db"], RecordedStore.OptionsOf(2))) Assert.Equal(70ul, without.Counts.AcknowledgedCount); // The journal holds the whole change.
        File.Copy(RecordedFiles.PathOf("killed-v1.db"), folder["replay.db"], overwrite: true);
        File.Copy(RecordedFiles.PathOf("killed-v1-log.db"), folder["replay-log.db"], overwrite: true);
        using var buffer = Samples.Open(folder["replay.db"], RecordedStore.OptionsOf(2));
        Assert.Null(buffer.QuarantinedTo);
        RecordedFiles.HoldsExactly("killed-v1.txt", await RecordedStore.ReadAsync(buffer), isCurrent: true);
        Assert.Equal(76ul, buffer.Counts.AcknowledgedCount);
    }

    [Fact]
    public void Statistics_that_version_1_has_written_are_read_exactly()
    {
        var written = new ClassStatistics("bank-7", 2) { ThroughExampleId = 70 };
        written.Add(["gehen €", "b", "b"], [0.5f, -1, 2, 0.25f, 3, -4]);
        written.Discount(0.75, "b");
        if (RecordedFiles.Regenerate)
        {
            using var stream = File.Create(RecordedFiles.PathOf("statistics-v1.bin"));
            written.WriteTo(stream);
        }

        using var recorded = File.OpenRead(RecordedFiles.PathOf("statistics-v1.bin"));
        var read = ClassStatistics.ReadFrom(recorded, "bank-7", 2, out string problem);
        Assert.Equal("", problem);
        ClassStatisticsTests.AssertSame(written, read!);
        Assert.Equal(70ul, read!.ThroughExampleId);
    }
}
