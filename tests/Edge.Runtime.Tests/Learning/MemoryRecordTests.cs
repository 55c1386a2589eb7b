using Edge.Runtime.Inference;
using Edge.Runtime.Learning;
using Edge.Storage;

namespace Edge.Runtime.Tests.Learning;

/// <summary>How well each class was ever remembered survives a restart, and a bad disk does not stop the device.</summary>
public sealed class MemoryRecordTests : IDisposable
{
    private static readonly SnapshotManifest s_snapshot = new()
    {
        Id = "s000001-01234567",
        CreatedAt = DateTimeOffset.UnixEpoch,
        Classes = ["sitting"],
        Window = new WindowShape(1, 1, 1),
        EmbeddingLength = 1,
        Round = 1,
    };

    private readonly DataFolder data = new();

    public void Dispose() => data.Dispose();

    [Fact]
    public void The_best_of_each_class_is_known_after_a_restart()
    {
        new MemoryRecord(data["forgetting.json"]).Update(s_snapshot, Exam(9));
        var reading = new MemoryRecord(data["forgetting.json"]).Update(s_snapshot, Exam(6));
        var sitting = Assert.Single(reading.PerClass);
        Assert.Equal(("sitting", 60.0, 30.0), (sitting.Class, sitting.AccuracyPercent, sitting.ForgettingPoints));
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("{\"evaluationCount\":")]
    [InlineData("[]")]
    public void A_damaged_record_is_begun_anew(string damage)
    {
        File.WriteAllText(data["forgetting.json"], damage);
        var reading = new MemoryRecord(data["forgetting.json"]).Update(s_snapshot, Exam(6));
        Assert.Equal(60, Assert.Single(reading.PerClass).AccuracyPercent);
    }

    [Fact]
    public void A_disk_that_refuses_the_record_does_not_refuse_the_reading()
    {
        var record = new MemoryRecord(data["no-such-folder/forgetting.json"]);
        Assert.Equal(60, Assert.Single(record.Update(s_snapshot, Exam(6)).PerClass).AccuracyPercent);
    }

    [Fact]
    public void A_class_that_is_called_otherwise_now_is_remembered_and_lies_under_its_first_name()
    {
        var names = ClassNames.Of(new Dictionary<string, string> { ["sitting"] = "seated" });
        new MemoryRecord(data["forgetting.json"]).Update(s_snapshot, Exam(9));
        var seated = Assert.Single(new MemoryRecord(data["forgetting.json"], names).Update(s_snapshot, Exam(6, "seated")).PerClass);
        Assert.Equal(("seated", 60.0, 30.0), (seated.Class, seated.AccuracyPercent, seated.ForgettingPoints));
        Assert.DoesNotContain("seated", File.ReadAllText(data["forgetting.json"]), StringComparison.Ordinal);
        var back = new MemoryRecord(data["forgetting.json"]).Update(s_snapshot, Exam(7));
        Assert.Equal(("sitting", 20.0), (back.PerClass[0].Class, back.PerClass[0].ForgettingPoints));
        Assert.Equal(60, back.MinAccDeLangePercent);
    }

    [Fact]
    public void Of_a_class_that_lies_under_two_names_both_count_and_the_second_stays_as_it_was()
    {
        var names = ClassNames.Of(new Dictionary<string, string> { ["sitting"] = "seated" });
        new MemoryRecord(data["forgetting.json"]).Update(s_snapshot, Exam(9, "seated"));
        new MemoryRecord(data["forgetting.json"]).Update(s_snapshot, Exam(5));
        for (int start = 0; start < 2; start++) Assert.Equal(30, Assert.Single(new MemoryRecord(data["forgetting.json"], names).Update(s_snapshot, Exam(6, "seated")).PerClass).ForgettingPoints);
        Assert.Equal(10, Assert.Single(new MemoryRecord(data["forgetting.json"]).Update(s_snapshot, Exam(8, "seated")).PerClass).ForgettingPoints);
        Assert.True(new MemoryRecord(data["forgetting.json"], names).Forget("sitting"));
        Assert.Contains("\"best\":[]", File.ReadAllText(data["forgetting.json"]), StringComparison.Ordinal);
    }

    private static ExamResult Exam(int right, string name) => new(new Dictionary<string, (int Right, int Count)> { [name] = (right, 10) });

    private static ExamResult Exam(int right) => new(new Dictionary<string, (int Right, int Count)> { ["sitting"] = (right, 10) });
}
