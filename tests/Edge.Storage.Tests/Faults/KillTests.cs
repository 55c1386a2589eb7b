using Edge.ReplayVictim;

namespace Edge.Storage.Tests.Faults;

public class KillTests
{
    [Fact]
    public void Nothing_acknowledged_is_lost_or_wrong_after_thirty_kills_and_every_store_opens_again()
    {
        var output = TestContext.Current.TestOutputHelper;
        var report = KillHarness.Run(30, seed: 1, line => output?.WriteLine(line));
        Assert.Empty(report.Problems);
        Assert.Equal(30, report.KillsOf.Values.Sum());
        Assert.True(report.AcknowledgedCount > 50 && report.InTheAct > 0);
    }
}
