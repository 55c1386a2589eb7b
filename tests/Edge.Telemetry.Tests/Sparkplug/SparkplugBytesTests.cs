using System.Net;
using System.Net.Sockets;
using System.Text;
using Edge.Telemetry.Sparkplug;
using Edge.Telemetry.Tests.Metrics;

namespace Edge.Telemetry.Tests.Sparkplug;

/// <summary>What goes over the wire and onto the disk, byte by byte.</summary>
public sealed class SparkplugBytesTests
{
    private static readonly DateTimeOffset At = DateTimeOffset.FromUnixTimeMilliseconds(300);

    [Fact]
    public void A_death_is_these_bytes()
    {
        // Field numbers and wire types of the specification, chapter 6, written out by hand.
        Assert.Equal(
            "08AC02" // 1 timestamp, varint 300
            + "120E" // 2 metrics, 14 bytes
            + "0A05" + Convert.ToHexString("bdSeq"u8) // 1 name
            + "18AC02" // 3 timestamp
            + "2004" // 4 datatype Int64
            + "5807", // 11 long_value
            Convert.ToHexString(SparkplugPayload.NodeDeath(7, At)));
    }

    [Fact]
    public void Data_of_every_type_are_these_bytes()
    {
        Assert.Equal(
            "08AC02"
            + "12080A0161" + "18AC02" + "5805" // 11 long_value 5
            + "120F0A0162" + "18AC02" + "69" + "000000000000F83F" // 13 double_value 1.5
            + "12080A0163" + "18AC02" + "7001" // 14 boolean_value
            + "12090A0164" + "18AC02" + "7A0178" // 15 string_value "x"
            + "12080A0165" + "18AC02" + "3801" // 7 is_null
            + "18FF01", // 3 seq 255
            Convert.ToHexString(SparkplugPayload.Data(255, At, [SparkplugMetric.Of("a", 5L), SparkplugMetric.Of("b", 1.5), SparkplugMetric.Of("c", true), SparkplugMetric.Of("d", "x"), SparkplugMetric.Of("e", double.NaN)])));
    }

    [Theory]
    [InlineData(true, "Node Control/Rebirth", true)]
    [InlineData(false, "Node Control/Rebirth", false)]
    [InlineData(true, "node control/rebirth", false)]
    [InlineData(true, "Node Control/Reboot", false)]
    public void Only_the_command_to_be_born_again_asks_for_it(bool value, string name, bool asks) => Assert.Equal(asks, SparkplugPayload.AsksForRebirth(TestNode.Rebirth(value, name)));

    [Fact]
    public void A_command_that_is_no_payload_asks_for_nothing()
    {
        Random random = new(1);
        byte[] command = TestNode.Rebirth();
        Assert.True(SparkplugPayload.AsksForRebirth(command));
        Assert.False(SparkplugPayload.AsksForRebirth([]));
        Assert.False(SparkplugPayload.AsksForRebirth("{\"rebirth\":true}"u8));
        for (int i = 0; i < 1000; i++)
        {
            byte[] bent = [.. command];
            for (int j = 0; j < 4; j++) bent[random.Next(bent.Length)] ^= (byte)(1 << random.Next(8));
            SparkplugPayload.AsksForRebirth(bent.AsSpan(0, random.Next(bent.Length + 1)));
        }
    }

    [Fact]
    public async Task The_session_is_clean_and_the_will_is_the_death()
    {
        // tck-id-principles-persistence-clean-session-50, tck-id-message-flow-edge-node-birth-publish-will-message-qos and -will-retained.
        using TcpListener broker = new(IPAddress.Loopback, 0);
        broker.Start();
        string file = Path.Combine(Path.GetTempPath(), $"edge-bdseq-{Guid.NewGuid():n}");
        await using TestNode node = new(((IPEndPoint)broker.LocalEndpoint).Port, file);
        using TcpClient client = await broker.AcceptTcpClientAsync(TestContext.Current.CancellationToken);
        byte[] packet = new byte[512];
        int length = await client.GetStream().ReadAsync(packet, TestContext.Current.CancellationToken);
        string text = Encoding.Latin1.GetString(packet, 0, length);
        int flags = packet[text.IndexOf("MQTT\u0005", StringComparison.Ordinal) + 5];
        Assert.Equal((1, 1, 0), ((flags >> 1) & 1, (flags >> 3) & 3, (flags >> 5) & 1)); // Clean start, QoS of the will, retain of the will.
        Assert.Contains(TestNode.Topics.NodeDeath, text);
        Assert.Contains("bdSeq", text);
        int properties = text.IndexOf("MQTT\u0005", StringComparison.Ordinal) + 8;
        Assert.DoesNotContain((byte)0x11, packet[(properties + 1)..(properties + 1 + packet[properties])].Where((_, i) => i == 0)); // No session expiry, which is 0.
        client.Close();
        await node.StopAsync();
        File.Delete(file);
    }

    [Fact]
    public void The_number_of_births_goes_on_over_restarts_and_from_255_to_0()
    {
        using TempFile file = new();
        BirthNumber first = new(file.Path, out string? problem);
        Assert.Null(problem);
        Assert.Equal(Enumerable.Range(0, 256), Enumerable.Range(0, 256).Select(_ => (int)first.Next(out problem)));
        Assert.Equal("edge-bdseq 1 255 d0fd56aa\n", File.ReadAllText(file.Path)); // Bytes on disk are for ever.
        BirthNumber second = new(file.Path, out problem);
        Assert.Null(problem);
        Assert.Equal(0, second.Next(out _));
        Assert.Equal(1, new BirthNumber(file.Path, out _).Next(out _));
    }

    [Theory]
    [InlineData("")]
    [InlineData("edge-bdseq 1 7 00000000\n")]
    [InlineData("edge-bdseq 2 7 f34a5730\n")]
    public void A_damaged_number_is_said_and_begins_anew(string content)
    {
        using TempFile file = new();
        File.WriteAllText(file.Path, content);
        BirthNumber number = new(file.Path, out string? problem);
        Assert.Contains("is damaged or of another version", problem);
        Assert.Equal(0, number.Next(out problem));
        Assert.Null(problem);
    }

    [Fact]
    public void A_disk_that_refuses_is_said_and_the_number_goes_on_in_memory()
    {
        BirthNumber number = new("/proc/edge/bdseq", out string? problem);
        Assert.Null(problem);
        Assert.Equal(0, number.Next(out problem));
        Assert.NotNull(problem);
        Assert.Equal(1, number.Next(out _));
    }

    [Fact]
    public void Metrics_are_the_same_whether_there_is_a_value_or_not()
    {
        Assert.Equal(SparkplugMetrics.OfDevice(Readings.Of()).Select(m => (m.Name, m.Type)), SparkplugMetrics.OfDevice(Readings.OfNothing()).Select(m => (m.Name, m.Type)));
        Assert.Equal(SparkplugMetrics.OfNode(Readings.Of(), "1").Select(m => (m.Name, m.Type)), SparkplugMetrics.OfNode(Readings.OfNothing(), "1").Select(m => (m.Name, m.Type)));
    }

    private sealed class TempFile : IDisposable
    {
        public string Path { get; } = System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"edge-bdseq-{Guid.NewGuid():n}");

        public void Dispose() => File.Delete(Path);
    }
}
