using Edge.Config;
using Edge.Runtime.Sensors;

namespace Edge.Runtime.Tests.Sensors;

/// <summary>Nobody is both streamed and judged on.</summary>
public class UciHarPeopleTests
{
    private static readonly string[] s_classes = ["walking", "laying"];

    [Fact]
    public void The_test_split_is_judged_on_unless_the_configuration_says_otherwise()
    {
        var people = new UciHarPeople(Settings("test", 1));
        Assert.Empty(people.HeldOut);
        Assert.Equal((1226 + 1407, 496 + 537), (people.Streamed(s_classes).Count, people.JudgedOn(s_classes).Count));
    }

    [Fact]
    public void Validation_holds_six_people_of_the_training_split_out_and_reads_no_other()
    {
        var people = new UciHarPeople(Settings("validation", 1));
        var (streamed, judged) = (people.Streamed(s_classes), people.JudgedOn(s_classes));
        Assert.Equal(people.HeldOut.Order(), judged.Subjects.Distinct().Order());
        Assert.Equal((6, 15), (people.HeldOut.Count, streamed.Subjects.Distinct().Count()));
        Assert.Empty(streamed.Subjects.Intersect(judged.Subjects));
        Assert.Equal(1226 + 1407, streamed.Count + judged.Count);
        Assert.Equal(people.HeldOut, new UciHarPeople(Settings("validation", 1)).HeldOut);
        Assert.NotEqual(people.HeldOut.Order(), new UciHarPeople(Settings("validation", 2)).HeldOut.Order());
    }

    private static SensorSection Settings(string judgeOn, int seed) => new() { Kind = "uciHar", Seed = seed, UciHar = new UciHarSensorSection { Path = RecordedData.UciHar(), JudgeOn = judgeOn } };
}
