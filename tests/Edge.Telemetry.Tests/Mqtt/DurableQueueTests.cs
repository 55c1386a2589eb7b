using System.Text;
using Edge.Storage;
using Edge.Telemetry.Mqtt;

namespace Edge.Telemetry.Tests.Mqtt;

/// <summary>The queue with an outbox under it, without a broker.</summary>
public sealed class DurableQueueTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("edge-outbox-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task What_waited_comes_back_in_order_in_the_next_life_and_before_what_is_new()
    {
        using (OutgoingMessages first = Open())
        {
            for (int i = 0; i < 20; i++)
            {
                await first.Add(i % 2 == 0 ? Never($"{i}") : Event($"{i}"));
            }

            first.Remove(Take(first));
        }

        using OutgoingMessages second = Open();
        await second.Add(Never("20"));
        Assert.Equal(Enumerable.Range(1, 20).Select(i => $"{i}"), TakeAll(second));
    }

    [Fact]
    public async Task A_message_comes_back_as_it_was()
    {
        OutboundMessage message = new("configReported", "edge/pümp/config/reported", Encoding.UTF8.GetBytes("""{"größe":1}"""), Delivery.RetainedNeverDrop);
        using (OutgoingMessages first = Open())
        {
            await first.Add(message);
        }

        using OutgoingMessages second = Open();
        OutboundMessage back = Take(second).Message;
        Assert.Equal((message.Name, message.Topic, message.Delivery), (back.Name, back.Topic, back.Delivery));
        Assert.Equal(message.Payload.ToArray(), back.Payload.ToArray());
    }

    [Fact]
    public async Task What_the_broker_refuses_for_now_comes_back_in_the_next_life()
    {
        using (OutgoingMessages first = Open())
        {
            for (int i = 0; i < 3; i++) await first.Add(Never("denied"));
            await first.Add(Never("well") with { Topic = "another" });
            Assert.True(first.TryPark(Take(first), isDenied: true, out _));
            first.Remove(Take(first));
        }

        using OutgoingMessages second = Open();
        Assert.Equal(["denied", "denied", "denied"], TakeAll(second));
    }

    [Fact]
    public void The_bytes_of_a_stored_message_are_these_for_ever()
    {
        byte[] bytes = StoredMessage.Write(new OutboundMessage("drift", "e/d", "{}"u8.ToArray(), Delivery.NeverDrop), DateTimeOffset.FromUnixTimeMilliseconds(0x0102030405));

        Assert.Equal("01" + "04" + "0504030201000000" + "05" + "0300" + "6472696674" + "652F64" + "7B7D", Convert.ToHexString(bytes));
        Assert.Null(StoredMessage.Read([2, .. bytes[1..]]));
        Assert.Null(StoredMessage.Read(bytes.AsSpan(0, 14)));
    }

    [Fact]
    public async Task A_long_backlog_lies_on_disk_and_is_read_back_in_order()
    {
        const int count = 400, limit = 256 << 10;
        using OutgoingMessages queue = Open(limit);
        for (int i = 0; i < count; i++)
        {
            await queue.Add(Never($"{i}", 2000));
            Assert.True(queue.MemoryBytes <= limit);
        }

        List<string> taken = [];
        while (taken.Count < count)
        {
            if (!queue.TryTake(out Outgoing next))
            {
                await queue.WhenAvailable().WaitAsync(Eventually.Limit, TestContext.Current.CancellationToken);
                continue;
            }

            taken.Add(next.Message.Name);
            queue.Remove(next);
        }

        Assert.Equal(Enumerable.Range(0, count).Select(i => $"{i}"), taken);
        Assert.Equal(0, queue.NeverDroppedLostCount);
    }

    [Fact]
    public async Task A_retained_event_that_is_dropped_while_its_content_is_on_disk_only_is_still_sent_as_the_state_of_its_topic()
    {
        using OutgoingMessages queue = Open(memoryBytes: 64 << 10, eventCount: 16);
        await queue.Add(Never("large", 20_000));
        await queue.Add(new OutboundMessage("snapshot", "s", new byte[40_000], Delivery.RetainedEvent));
        await queue.Add(Never("small")); // Written at once, and what waits with it.
        await Eventually.Holds(() => queue.MemoryBytes < 25_000, "its content is on disk only"); // With the other's alone it would be more than 40,000.
        for (int i = 0; i < 16; i++) await queue.Add(Event($"{i}"));

        Assert.Equal(1, queue.DroppedByName["snapshot"]);
        Outgoing first = Take(queue);
        Assert.Equal(("snapshot", true, 40_000), (first.Message.Name, first.IsState, first.Message.Payload.Length));
    }

    [Fact]
    public async Task Gauges_and_states_never_touch_the_disk()
    {
        using (OutgoingMessages first = Open())
        {
            await first.Add(new OutboundMessage("g", "g", new byte[1], Delivery.Gauge));
            await first.Add(new OutboundMessage("s", "s", new byte[1], Delivery.LatestState));
        }

        using OutgoingMessages second = Open();
        Assert.False(second.TryTake(out _));
        Assert.False(File.Exists(Path.Combine(_folder, "outbox.db")));
    }

    [Fact]
    public async Task A_lost_file_is_said_and_what_is_still_in_memory_is_written_again()
    {
        using (OutgoingMessages queue = Open())
        {
            for (int i = 0; i < 5; i++)
            {
                await queue.Add(Never($"{i}", 3000));
            }

            string path = Path.Combine(_folder, "outbox.db");
            using (FileStream file = new(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite))
            {
                byte[] noise = new byte[file.Length];
                new Random(1).NextBytes(noise);
                file.Write(noise);
            }

            for (int i = 5; i < 10; i++)
            {
                await queue.Add(Never($"{i}", 3000));
            }

            await Eventually.Holds(() => queue.OutboxHealth is { DamagedCount: >= 1, Count: 10 }, "everything is on disk again");
        }

        using OutgoingMessages second = Open();
        Assert.Equal(Enumerable.Range(0, 10).Select(i => $"{i}"), TakeAll(second));
    }

    private static OutboundMessage Never(string name, int bytes = 10) => new(name, "t", new byte[bytes], Delivery.NeverDrop);

    private static OutboundMessage Event(string name) => new(name, "t", new byte[10], Delivery.Event);

    private static Outgoing Take(OutgoingMessages queue)
    {
        Assert.True(queue.TryTake(out Outgoing next));
        return next;
    }

    private static List<string> TakeAll(OutgoingMessages queue)
    {
        List<string> names = [];
        while (queue.TryTake(out Outgoing next))
        {
            names.Add(next.Message.Name);
        }

        return names;
    }

    private OutgoingMessages Open(long memoryBytes = 16L << 20, int eventCount = 512)
    {
        OutgoingMessages queue = new(new OutgoingLimits { MemoryBytes = memoryBytes, EventCount = eventCount }, TimeProvider.System);
        queue.Open(new OutboxOptions { Path = Path.Combine(_folder, "outbox.db") });
        return queue;
    }
}
