using System.Text.Json;
using Edge.Storage;
using Edge.Telemetry.Messages;
using Edge.Telemetry.Mqtt;
using Microsoft.Extensions.Time.Testing;

namespace Edge.Telemetry.Tests.Messages;

public class ReporterTests
{
    [Fact]
    public void Every_message_begins_with_the_envelope()
    {
        for (int i = 0; i < Examples.All.Count; i++)
        {
            List<JsonProperty> properties = [.. Examples.Json(Examples.All[i]).EnumerateObject()];

            Assert.Equal(["deviceId", "bootId", "seq", "ts", "schema"], properties.Take(5).Select(p => p.Name));
            Assert.Equal("pump-7", properties[0].Value.GetString());
            Assert.Equal("b-5f2c", properties[1].Value.GetString());
            Assert.Equal(i + 1, properties[2].Value.GetInt64());
            Assert.Equal("2026-01-31T23:59:58.120Z", properties[3].Value.GetString());
            Assert.Equal(Topics.Table[i].Schema, properties[4].Value.GetString());
            Assert.Equal((Examples.Topics.Of(Topics.Table[i]), Topics.Table[i].Retain), (Examples.All[i].Topic, Examples.All[i].Retain));
        }
    }

    [Fact]
    public void There_is_a_message_for_every_outbound_topic() =>
        Assert.Equal(Topics.Table.Where(row => row.Direction == TopicDirection.FromDevice).Select(row => row.Name), Examples.All.Select(message => message.Name));

    [Fact]
    public void The_last_will_says_offline_in_the_name_of_the_broker()
    {
        OutboundMessage will = Reporter.LastWill(Examples.Topics, Examples.BootId, new FakeTimeProvider(Examples.Now));

        Assert.Equal(
            """{"deviceId":"pump-7","bootId":"b-5f2c","seq":0,"ts":"2026-01-31T23:59:58.120Z","schema":"edge.status/1","state":"offline","reason":"lwt"}""",
            Examples.Text(will));
        Assert.Equal(("edge/pump-7/status", true), (will.Topic, will.Retain));
    }

    [Fact]
    public void A_broken_measurement_is_sent_as_null_instead_of_losing_the_message()
    {
        OutboundMessage? sent = null;
        Reporter reporter = new(Examples.Topics, "b", TimeProvider.System, message => sent = message);
        reporter.Training(new TrainingMessage { Round = 1, Event = TrainingEvent.Failed, Loss = double.NaN });

        Assert.Equal(JsonValueKind.Null, Examples.Json(sent!).GetProperty("loss").ValueKind);
    }

    [Fact]
    public async Task Sequence_numbers_are_unique_and_without_gaps_over_threads()
    {
        System.Collections.Concurrent.ConcurrentBag<long> seen = [];
        Reporter reporter = new(Examples.Topics, "b", TimeProvider.System, message => seen.Add(Examples.Json(message).GetProperty("seq").GetInt64()));
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(
            () =>
            {
                for (int i = 0; i < 250; i++)
                {
                    reporter.Status(new StatusMessage { State = DeviceState.Online });
                }
            },
            TestContext.Current.CancellationToken)));

        Assert.Equal(Enumerable.Range(1, 1000).Select(i => (long)i), seen.Order());
    }

    [Theory]
    [InlineData(TrainingEvent.Started, "started")]
    [InlineData(TrainingEvent.Progress, "progress")]
    [InlineData(TrainingEvent.Finished, "finished")]
    [InlineData(TrainingEvent.Failed, "failed")]
    [InlineData(TrainingEvent.Retried, "retried")]
    [InlineData(TrainingEvent.Abandoned, "abandoned")]
    [InlineData(TrainingEvent.ChildKilled, "childKilled")]
    public void Events_of_a_round_have_stable_names(TrainingEvent what, string name)
    {
        OutboundMessage? sent = null;
        new Reporter(Examples.Topics, "b", TimeProvider.System, message => sent = message).Training(new TrainingMessage { Round = 1, Event = what });

        Assert.Equal(name, Examples.Json(sent!).GetProperty("event").GetString());
    }

    [Theory]
    [InlineData(ExampleRole.Replay, "replay")]
    [InlineData(ExampleRole.Anchor, "anchor")]
    [InlineData(ExampleRole.Fresh, "fresh")]
    public void Roles_have_stable_names(ExampleRole role, string name)
    {
        OutboundMessage? sent = null;
        new Reporter(Examples.Topics, "b", TimeProvider.System, message => sent = message).LabelResult(new LabelResultMessage { Accepted = true, Role = role });

        Assert.Equal(name, Examples.Json(sent!).GetProperty("role").GetString());
    }
}
