using Edge.ConfigVictim;

namespace Edge.Runtime.Tests.Updates;

/// <summary>SIGKILL between two writes of a configuration's life. Here once at each kind of point; tests/config-kills.sh kills ten times at every one.</summary>
public sealed class ConfigKillTests
{
    [Fact]
    public void A_kill_between_any_two_writes_leaves_the_configuration_before_or_after_whole_and_startable()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "needs SIGKILL");
        var report = KillHarness.Run(1, _ => { }, eachKindOnce: true);
        Assert.True(report.Problems.Count == 0, report.ToString());
        Assert.Equal(report.Points, report.Kills);
        string[] transitions = ["import", "stage", "try", "promote", "rollback", "settle", "aside", "forget", "mend", "keys"];
        Assert.Empty(transitions.Except(KillHarness.Points().Select(point => point.Split('.')[0])));
        Assert.True(report.Points >= 35, $"only {report.Points} points: what a transition writes is not seen any more");
    }
}
