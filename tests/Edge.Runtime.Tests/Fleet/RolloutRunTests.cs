using System.Text;
using System.Threading.Channels;
using Edge.Runtime.Fleet.Rollouts;
using Edge.Runtime.Fleet.Simulation;
using Edge.Telemetry.Mqtt;

namespace Edge.Runtime.Tests.Fleet;

/// <summary>A rollout against a broker that repeats what is published, and devices that take what they are told.</summary>
public sealed class RolloutRunTests
{
    private const int DeviceCount = 10;
    private readonly Channel<InboundMessage> heard = Channel.CreateUnbounded<InboundMessage>();
    private readonly List<RolloutState> said = [];
    private string retained = "";

    [Fact]
    public async Task It_goes_through_all_stages_while_devices_take_it() => Assert.Equal((RolloutState.Done, 100.0), await RunAsync(_ => false));

    [Fact]
    public async Task A_pause_a_moment_before_the_run_speaks_of_its_next_stage_is_heard_and_stays_with_the_broker()
    {
        Assert.Equal((RolloutState.Paused, 50.0), await RunAsync(percent => percent == 100));
        Assert.Contains("\"paused\"", retained, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task One_that_stops_or_is_paused_is_taken_back_from_devices_that_are_away_and_sent_again_when_it_goes_on(bool isPaused)
    {
        Say("edge/away/status", """{ "state": "offline" }""", isRetained: true);
        Say("edge/fails/status", """{ "state": "online" }""", isRetained: true);
        if (isPaused) Say("edge/hangs/status", """{ "state": "online" }""", isRetained: true);
        var sent = new Dictionary<string, List<double>>();
        var plan = new RolloutPlan { Document = RolloutDocument.Of("""{ "version": 7, "config": {} }"""u8, null), Root = "edge", Stages = [100], MaxFailedPercent = isPaused ? 100 : 10 };
        Assert.Equal(isPaused ? RolloutState.Paused : RolloutState.Stopped, (await RunAsync(plan)).State);
        Assert.Equal([100, 0], sent["away"]);
        Assert.Equal([100], sent["fails"]); // It has made up its mind.
        if (isPaused) Assert.Equal([100, 0], sent["hangs"]);

        Say("edge/away/status", """{ "state": "offline" }""", isRetained: true);
        Say("edge/fails/config/reported", """{ "lastAttempt": { "version": 7, "result": "rolledBack", "codes": ["sensorSilent"] } }""", isRetained: true);
        Assert.Equal(RolloutState.Done, (await RunAsync(plan with { MaxFailedPercent = 100, Resumes = true })).State);
        Assert.Equal([100, 0, 100], sent["away"]);

        Task<RolloutRecord> RunAsync(RolloutPlan one) => new RolloutRun(one, heard.Reader, PublishAsync, _ => { }, TimeProvider.System).RunAsync(TestContext.Current.CancellationToken);

        Task PublishAsync(IReadOnlyCollection<(string Topic, byte[] Payload)> messages, CancellationToken cancel)
        {
            foreach (var (topic, payload) in messages)
            {
                if (RolloutRecord.Read(payload) is { } record)
                {
                    if (isPaused && record.State == RolloutState.Running && sent["away"].Count == 1) Say(topic, Encoding.UTF8.GetString((record with { State = RolloutState.Paused }).Write()));
                    continue;
                }

                string device = topic.Split('/')[1];
                if (!sent.TryGetValue(device, out var percents)) sent.Add(device, percents = []);
                percents.Add((double)System.Text.Json.Nodes.JsonNode.Parse(payload)!["rollout"]!["percent"]!);
                if (device == "fails" && percents.Count == 1) Say("edge/fails/config/reported", """{ "lastAttempt": { "version": 7, "result": "rolledBack", "codes": ["sensorSilent"] } }""");
            }

            return Task.CompletedTask;
        }
    }

    [Fact]
    public void A_simulated_device_draws_the_same_in_every_process() => Assert.Equal([1553053142, -1326564761, -1887591568], new[] { (1, 1), (1, 2), (2, 1) }.Select(of => SimulatedDevice.SeedOf(of.Item1, of.Item2)));

    /// <summary>Runs stages of 50 and 100 %; an operator pauses the stage before, as it was, right before a stage is spoken of.</summary>
    private async Task<(RolloutState State, double Percent)> RunAsync(Func<double, bool> pausesBefore)
    {
        for (int i = 0; i < DeviceCount; i++) Say($"edge/d{i}/status", """{ "state": "online" }""", isRetained: true);
        RolloutRecord? before = null;
        var plan = new RolloutPlan { Document = RolloutDocument.Of("""{ "version": 7, "config": {} }"""u8, null), Root = "edge", Stages = [50, 100] };
        var end = await new RolloutRun(plan, heard.Reader, PublishAsync, record => said.Add(record.State), TimeProvider.System).RunAsync(TestContext.Current.CancellationToken);
        return (end.State, end.Percent);

        Task PublishAsync(IReadOnlyCollection<(string Topic, byte[] Payload)> messages, CancellationToken cancel)
        {
            foreach (var (topic, payload) in messages)
            {
                if (RolloutRecord.Read(payload) is { } record)
                {
                    if (record.State == RolloutState.Running && before is not null && pausesBefore(record.Percent)) Say(topic, Encoding.UTF8.GetString((before with { State = RolloutState.Paused }).Write()));
                    Say(topic, Encoding.UTF8.GetString(payload));
                    (before, retained) = (record, Encoding.UTF8.GetString(payload));
                }
                else
                {
                    Say(topic.Replace("desired", "reported", StringComparison.Ordinal), """{ "lastAttempt": { "version": 7, "result": "applied" } }""");
                }
            }

            return Task.CompletedTask;
        }
    }

    private void Say(string topic, string payload, bool isRetained = false) => heard.Writer.TryWrite(new InboundMessage(topic, Encoding.UTF8.GetBytes(payload), isRetained));
}
