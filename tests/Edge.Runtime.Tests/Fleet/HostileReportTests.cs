using System.Text;
using Edge.Telemetry.Mqtt;
using Microsoft.Extensions.Logging.Abstractions;

namespace Edge.Runtime.Tests.Fleet;

/// <summary>Whoever may publish under the root can neither end an operator's verb nor write to the operator's terminal.</summary>
public sealed class HostileReportTests : IAsyncLifetime
{
    private const string Escape = "\u001b";
    private readonly DataFolder data = new();
    private EmbeddedBroker broker = null!;

    public async ValueTask InitializeAsync() => broker = await EmbeddedBroker.StartAsync(0, NullLogger.Instance, TestContext.Current.CancellationToken);

    public async ValueTask DisposeAsync()
    {
        await broker.DisposeAsync();
        data.Dispose();
    }

    [Fact]
    public async Task Status_shows_what_it_can_of_reports_that_are_none()
    {
        await using var stranger = new Stranger(broker.Port);
        stranger.Say("edge/d1/config/reported", """{ "active": "x", "trust": 3, "lastAttempt": { "version": "seven", "result": 3, "at": [], "reasons": "no" } }""");
        stranger.Say("edge/d2/config/reported", """{ "active": { "version": 7, "hash": "abc" }, "trust": "signed", "lastAttempt": { "version": 7, "result": "applied", "reasons": ["one\u001b[31m"] } }""");
        stranger.Say("edge/d3/config/reported", "[ 1 ]");
        await stranger.SaidAsync();
        var ended = await RunAsync("config", "status");
        Assert.Equal((0, ""), (ended.ExitCode, ended.Errors));
        Assert.Contains("d2  active version 7 (abc), last version 7 applied", ended.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(Escape, ended.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("d3", ended.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Push_waits_for_the_report_that_is_one()
    {
        File.WriteAllText(data["v7.json"], """{ "version": 7, "config": {} }""");
        await using var stranger = new Stranger(broker.Port);
        var push = RunAsync("config", "push", "v7.json", "--device", "d1", "--watch", "--timeout", "300");
        while (!push.IsCompleted)
        {
            foreach (string none in new[] { "[]", "7", "{", "\"\"", """{ "lastAttempt": [] }""", """{ "lastAttempt": { "version": [], "result": {} } }""" }) stranger.Say("edge/d1/config/reported", none, Delivery.Event);
            stranger.Say("edge/d1/config/reported", """{ "lastAttempt": { "version": 7, "result": "applied", "reasons": ["one\u001b[31m"] } }""", Delivery.Event);
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }

        var ended = await push;
        Assert.Equal((0, "", "applied\n  one [31m\n"), (ended.ExitCode, ended.Errors, ended.Output));
    }

    private Task<Ended> RunAsync(params string[] arguments) => EdgeProgram.RunAsync(data.Path, [.. arguments, "--broker", $"127.0.0.1:{broker.Port}"]);

    private sealed class Stranger : IAsyncDisposable
    {
        private readonly CancellationTokenSource stop = new();
        private readonly MqttLink link;
        private readonly Task run;

        public Stranger(int port)
        {
            link = new MqttLink(new MqttLinkOptions { Host = "127.0.0.1", Port = port, ClientId = "stranger" }, NullLogger.Instance, TimeProvider.System, new Random(1));
            run = link.RunAsync(stop.Token);
        }

        public void Say(string topic, string payload, Delivery delivery = Delivery.RetainedEvent) => link.Send(new OutboundMessage("stranger", topic, Encoding.UTF8.GetBytes(payload), delivery));

        public async Task SaidAsync()
        {
            while (link.QueuedCount > 0) await Task.Delay(5, TestContext.Current.CancellationToken);
        }

        public async ValueTask DisposeAsync()
        {
            await stop.CancelAsync();
            await run;
            link.Dispose();
            stop.Dispose();
        }
    }
}
