using System.Text;
using System.Text.Json.Nodes;
using Edge.Telemetry.Messages;
using Edge.Telemetry.Mqtt;
using Edge.Telemetry.Tests.Messages;
using Edge.Telemetry.Tests.Mqtt;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Edge.Telemetry.Tests.Contract;

/// <summary>Telemetry/asyncapi.yaml is what the code publishes and subscribes to, and real messages keep it.</summary>
public class ContractTests
{
    /// <summary>Set to 1 to write the document instead of comparing it: <c>EDGE_REGENERATE=1 dotnet test tests/Edge.Telemetry.Tests</c>.</summary>
    private const string RegenerateVariable = "EDGE_REGENERATE";

    private static readonly Lazy<AsyncApiContract> s_contract = new(AsyncApiContract.Read);

    private static AsyncApiContract Contract => s_contract.Value;

    public static TheoryData<string> Sent => [.. Topics.Table.Where(row => row.Direction == TopicDirection.FromDevice).Select(row => row.Suffix)];

    [Fact]
    public void The_committed_document_is_what_the_code_says()
    {
        string generated = Yaml.Write(AsyncApiDocument.Make());
        if (Environment.GetEnvironmentVariable(RegenerateVariable) == "1") File.WriteAllText(AsyncApiContract.FilePath, generated);
        Assert.True(
            File.ReadAllText(AsyncApiContract.FilePath) == generated, $"Telemetry/asyncapi.yaml is stale. Run {RegenerateVariable}=1 dotnet test tests/Edge.Telemetry.Tests and commit the file.");
        Assert.True(JsonNode.DeepEquals(AsyncApiDocument.Make(), Yaml.Read(generated)), "what is written reads back as what was meant");
    }

    [Fact]
    public void Every_reference_in_it_leads_somewhere()
    {
        ILookup<bool, string> all = References(Contract.Document).ToLookup(reference => reference.StartsWith('#'));
        string[] references = [.. all[true]];

        Assert.True(references.Length >= 5 * Topics.Table.Count);
        Assert.All(references, reference => Assert.NotNull(reference[2..].Split('/').Aggregate((JsonNode?)Contract.Document, (node, name) => node?[name])));
        Assert.Equal(["./Sparkplug/sparkplug.proto"], all[false]);
        Assert.All(all[false], file => Assert.True(File.Exists(Path.Combine(Path.GetDirectoryName(AsyncApiContract.FilePath)!, file))));
    }

    [Fact]
    public void It_names_every_topic_that_the_code_sends_on_and_no_other_with_its_retain_flag()
    {
        OutboundMessage will = Reporter.LastWill(Examples.Topics, Examples.BootId, new FakeTimeProvider(Examples.Now));

        Assert.Equal(
            Examples.All.Append(will).Select(message => (message.Topic, message.Retain)).Distinct().Order(),
            Contract.Topics.Where(topic => topic.IsSent).Select(topic => ("edge/pump-7/" + topic.Suffix, topic.Retain)).Order());
        Assert.All(Contract.Topics, topic => Assert.Equal(1, topic.QualityOfService));
    }

    [Fact]
    public void State_is_retained_and_events_are_not() =>
        Assert.Equal(["config/reported", "snapshot", "status"], Contract.Topics.Where(topic => topic.IsSent && topic.Retain).Select(topic => topic.Suffix).Order());

    [Fact]
    public async Task It_names_every_topic_that_a_device_hears_and_no_other()
    {
        await using EmbeddedBroker broker = await EmbeddedBroker.StartAsync(0, NullLogger.Instance, TestContext.Current.CancellationToken);
        await using Device device = new Device(broker.Port, options => options with { Subscriptions = [.. Examples.Topics.Inbound, .. Examples.Topics.InboundSnapshots] }).Start();
        await device.Connected();
        await using Device fleet = new Device(broker.Port, options => options with { ClientId = "fleet", Subscriptions = [], LastWill = null }).Start(withFarewell: false);
        string[] unheard = ["label/else", "config", "config/reported", "status"];
        int agreed = Contract.Topics.Count(topic => !topic.IsSent);
        foreach (string suffix in unheard.Concat(Contract.Topics.Where(topic => !topic.IsSent).Select(topic => topic.Suffix)))
        {
            fleet.Link.Send(new OutboundMessage(suffix, "edge/pump-7/" + suffix, "{}"u8.ToArray(), Delivery.Event));
        }

        List<string> heard = [];
        await Eventually.Holds(
            () =>
            {
                while (device.Link.Inbound.TryRead(out InboundMessage? message)) heard.Add(message.Topic["edge/pump-7/".Length..]);
                return fleet.Link.State.PublishedCount == unheard.Length + agreed && heard.Count >= agreed;
            },
            "what was sent has arrived");
        Assert.Equal(Contract.Topics.Where(topic => !topic.IsSent).Select(topic => topic.Suffix).Order(), heard.Order());
    }

    [Fact]
    public async Task Every_message_that_the_code_writes_keeps_it()
    {
        OutboundMessage will = Reporter.LastWill(Examples.Topics, Examples.BootId, new FakeTimeProvider(Examples.Now));
        foreach (OutboundMessage message in Examples.All.Concat(Sparse()).Append(will))
        {
            Assert.Empty(await Contract.BreachesAsync(message.Topic["edge/pump-7/".Length..], Examples.Text(message)));
        }
    }

    [Fact]
    public async Task Every_example_in_it_keeps_it()
    {
        foreach (AgreedTopic topic in Contract.Topics)
        {
            JsonNode example = Assert.Single(topic.Message["examples"]!.AsArray())!["payload"]!;
            Assert.Empty(await Contract.BreachesAsync(topic.Suffix, example.ToJsonString()));
        }
    }

    [Theory]
    [MemberData(nameof(Sent))]
    public async Task A_message_that_breaks_it_in_one_place_is_found(string suffix)
    {
        JsonObject good = JsonNode.Parse(Examples.All.First(message => message.Topic == "edge/pump-7/" + suffix).Payload.Span)!.AsObject();
        foreach (JsonNode? required in Contract.Find(suffix)!.Message["payload"]!["required"]!.AsArray())
        {
            JsonObject without = good.DeepClone().AsObject();
            Assert.True(without.Remove((string)required!));
            Assert.NotEmpty(await Contract.BreachesAsync(suffix, without.ToJsonString()));
        }

        foreach ((string name, _) in good)
        {
            JsonObject wrong = good.DeepClone().AsObject();
            wrong[name] = new JsonArray(true);
            Assert.NotEmpty(await Contract.BreachesAsync(suffix, wrong.ToJsonString()));
        }

        JsonObject more = good.DeepClone().AsObject();
        more["colour"] = 1;
        Assert.NotEmpty(await Contract.BreachesAsync(suffix, more.ToJsonString()));
        JsonObject other = good.DeepClone().AsObject();
        other["schema"] = "edge.other/1";
        Assert.NotEmpty(await Contract.BreachesAsync(suffix, other.ToJsonString()));
    }

    [Fact]
    public void Every_message_says_its_version()
    {
        Assert.All(Contract.Topics.Where(topic => topic.IsSent), topic =>
        {
            JsonNode payload = topic.Message["payload"]!;
            Assert.Contains("schema", payload["required"]!.AsArray().Select(name => (string)name!));
            Assert.Equal((string)topic.Message["name"]!, (string)payload["properties"]!["schema"]!["enum"]!.AsArray().Single()!);
            Assert.Matches(@"^edge\.[a-z-]+/[1-9][0-9]*$", (string)topic.Message["name"]!);
        });
        Assert.Equal(Topics.Table.Count, Contract.Topics.Select(topic => (string)topic.Message["name"]!).Distinct().Count());
    }

    [Fact]
    public void Every_message_to_a_device_may_say_its_version()
    {
        Assert.All(Contract.Topics.Where(topic => !topic.IsSent), topic =>
        {
            JsonNode payload = topic.Message["payload"]!;
            JsonNode[] shapes = payload["oneOf"] is JsonArray choices ? [.. choices.Select(choice => choice!)] : [payload];
            Assert.All(shapes, shape =>
            {
                Assert.DoesNotContain("schema", shape["required"]!.AsArray().Select(name => (string)name!));
                string version = (string)shape["properties"]!["schema"]!["enum"]!.AsArray().Single()!;
                bool isEnvelope = shape["properties"]!["signature"] is not null;
                Assert.Equal(isEnvelope ? "edge.envelope/1" : (string)topic.Message["name"]!, version);
            });
        });
    }

    [Theory]
    [InlineData("""{"windowId":42,"class":"walking"}""")]
    [InlineData("""{"windowId":42,"class":"walking","requestId":"r1","schema":"edge.label/1"}""")]
    [InlineData("""{"windowId":0,"class":"w"}""")]
    [InlineData("""{"windowId":-1,"class":"walking"}""")]
    [InlineData("""{"windowId":1.5,"class":"walking"}""")]
    [InlineData("""{"windowId":"42","class":"walking"}""")]
    [InlineData("""{"windowId":42}""")]
    [InlineData("""{"class":"walking"}""")]
    [InlineData("""{"windowId":42,"class":""}""")]
    [InlineData("""{"windowId":42,"class":"12345678901234567890123456789012345678901234567890123456789012345"}""")]
    [InlineData("""{"windowId":42,"class":"walking","requestId":7}""")]
    [InlineData("""{"windowId":42,"class":"walking","colour":1}""")]
    [InlineData("""{"windowId":42,"class":"walking","schema":"edge.label/2"}""")]
    public async Task The_reader_of_labels_and_the_contract_agree(string json) =>
        Assert.Equal(LabelMessage.Read(Encoding.UTF8.GetBytes(json)).IsValid, (await Contract.BreachesAsync("label", json)).Count == 0);

    /// <summary>Messages with nothing in them that may be left out, and measurements that could not be made.</summary>
    private static List<OutboundMessage> Sparse()
    {
        List<OutboundMessage> sent = [];
        Reporter reporter = new(Examples.Topics, Examples.BootId, new FakeTimeProvider(Examples.Now), sent.Add);
        reporter.Status(new StatusMessage { State = DeviceState.Starting });
        reporter.Prediction(new PredictionMessage { WindowsSeen = 0, WindowsDropped = 0, WindowsPerSecond = double.NaN, LatencyP50Ms = 0, LatencyP99Ms = 0, CountsByClass = new Dictionary<string, long>(), UnknownCount = 0 });
        reporter.Drift(new DriftMessage { Detector = "embedding", Statistic = double.NaN, Threshold = 1, Score = double.PositiveInfinity, Alarm = false, SinceWindowId = 1UL << 60, Action = "none" });
        reporter.Training(new TrainingMessage { Round = 1, Event = TrainingEvent.Failed, Loss = double.NaN });
        reporter.Snapshot(new SnapshotMessage { Event = SnapshotEvent.Initial, SnapshotId = "s000001-00000000", Round = 0 });
        reporter.ConfigReported(new ConfigReportedMessage { Active = new ActiveConfig(null, "9d0e41c7", "default") });
        reporter.LabelRequest(new LabelRequestMessage { WindowId = 1, At = Examples.Now, Reason = LabelRequestReason.LowMargin, AnswerableUntil = Examples.Now });
        reporter.LabelResult(new LabelResultMessage { Accepted = false, Reason = "windowId: missing" });
        return sent;
    }

    private static IEnumerable<string> References(JsonNode? node) => node switch
    {
        JsonObject mapping => mapping.SelectMany(pair => pair.Key == "$ref" ? [(string)pair.Value!] : References(pair.Value)),
        JsonArray sequence => sequence.SelectMany(References),
        _ => [],
    };
}
