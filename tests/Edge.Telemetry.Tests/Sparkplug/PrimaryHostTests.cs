using System.Text;
using Edge.Telemetry.Sparkplug;
using Edge.Telemetry.Tests.Mqtt;

namespace Edge.Telemetry.Tests.Sparkplug;

/// <summary>A node that waits for a primary host application.</summary>
#pragma warning disable CA1707, IDE1006 // The names are the specification's.
public sealed class PrimaryHostTests
{
    [Fact]
    public async Task tck_id_message_flow_edge_node_birth_publish_phid_wait_and_phid_offline()
    {
        await using Mosquitto broker = await Mosquitto.StartAsync();
        await using SparkplugEyes eyes = await SparkplugEyes.OpenAsync(broker.Port);
        await StateAsync(broker, "scada", online: false, 5);
        string file = Path.Combine(Path.GetTempPath(), $"edge-bdseq-{Guid.NewGuid():n}");
        await using TestNode node = new(broker.Port, file, options => options with { PrimaryHost = "scada" });
        await StateAsync(broker, "another", online: true, 100); // tck-id-…-phid-wait-id
        await StateAsync(broker, "scada", online: true, 4, retain: false); // tck-id-…-phid-wait-timestamp: older than the retained one
        await Task.Delay(300, TestContext.Current.CancellationToken);
        Assert.Empty(eyes.All);

        await StateAsync(broker, "scada", online: true, 10);
        await eyes.OneMoreAsync("DDATA");
        await StateAsync(broker, "scada", online: false, 9); // tck-id-operational-behavior-edge-node-termination-host-offline-timestamp
        await eyes.OneMoreAsync("DDATA", 20);
        Assert.Equal(0, eyes.CountOf("NDEATH"));

        await StateAsync(broker, "scada", online: false, 10); // tck-id-operational-behavior-edge-node-termination-host-offline
        await Eventually.Holds(() => eyes.CountOf("NDEATH") == 1, "the node says NDEATH");
        Assert.Equal(1, eyes.CountOf("NBIRTH"));

        await StateAsync(broker, "scada", online: true, 11);
        await Eventually.Holds(() => eyes.CountOf("NBIRTH") == 2, "the node is born again");
        long[] numbers = [.. eyes.All.Where(heard => heard.Verb == "NBIRTH").Select(heard => heard.BirthNumber!.Value)];
        Assert.True(numbers[1] > numbers[0]);
        await node.StopAsync();
        File.Delete(file);
    }

    [Fact]
    public async Task tck_id_message_flow_edge_node_birth_publish_phid_wait_on_every_connection()
    {
        await using Mosquitto broker = await Mosquitto.StartAsync();
        await using Wire wire = new(broker.Port);
        await using SparkplugEyes eyes = await SparkplugEyes.OpenAsync(broker.Port);
        await StateAsync(broker, "scada", online: true, 5);
        string file = Path.Combine(Path.GetTempPath(), $"edge-bdseq-{Guid.NewGuid():n}");
        await using TestNode node = new(wire.Port, file, options => options with { PrimaryHost = "scada" });
        await eyes.OneMoreAsync("DDATA");

        wire.Cut();
        await Eventually.Holds(() => eyes.CountOf("NDEATH") == 1, "the broker says NDEATH"); // The will.
        await StateAsync(broker, "scada", online: false, 10);
        int connections = wire.ConnectionCount;
        wire.Mend();
        await Eventually.Holds(() => wire.ConnectionCount > connections, "the node is back");
        await Task.Delay(500, TestContext.Current.CancellationToken); // A node that goes by what it knew before is born at once.
        await StateAsync(broker, "scada", online: true, 11);
        await Eventually.Holds(() => eyes.CountOf("NBIRTH") == 2, "the node is born again");
        await eyes.OneMoreAsync("DDATA");
        Assert.Equal((2, 1), (eyes.CountOf("NBIRTH"), eyes.CountOf("NDEATH")));
        await node.StopAsync();
        File.Delete(file);
    }

    [Theory]
    [InlineData("""{"online":true,"timestamp":5}""", true, true)]
    [InlineData("""{"online":false,"timestamp":5}""", true, false)]
    [InlineData("""{"online":true}""", false, false)]
    [InlineData("""{"online":"true","timestamp":5}""", false, false)]
    [InlineData("""{"online":true,"timestamp":"5"}""", false, false)]
    [InlineData("[]", false, false)]
    [InlineData("ONLINE", false, false)] // Sparkplug 2.2
    [InlineData("", false, false)]
    public void Only_a_whole_state_counts(string text, bool counts, bool online)
    {
        HostState host = new();
        Assert.Equal(counts, host.Take(Encoding.UTF8.GetBytes(text)));
        Assert.Equal(online, host.IsOnline);
    }

    [Fact]
    public void A_new_connection_knows_nothing_of_the_host_but_which_state_is_too_old()
    {
        HostState host = new();
        host.Take("""{"online":true,"timestamp":5}"""u8.ToArray());
        host.Forget();
        Assert.False(host.IsOnline);
        Assert.False(host.Take("""{"online":true,"timestamp":4}"""u8.ToArray()));
        Assert.True(host.Take("""{"online":true,"timestamp":5}"""u8.ToArray()));
        Assert.True(host.IsOnline);
    }

    private static Task StateAsync(Mosquitto broker, string host, bool online, long timestamp, bool retain = true) =>
        MosquittoClients.PublishAsync(broker.Port, SparkplugTopics.HostState(host), $$"""{"online":{{(online ? "true" : "false")}},"timestamp":{{timestamp}}}""", retain);
}
