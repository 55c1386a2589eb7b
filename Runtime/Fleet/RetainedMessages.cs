using System.Threading.Channels;
using Edge.Telemetry.Mqtt;

namespace Edge.Runtime.Fleet;

/// <summary>What a broker has kept, after a subscription: nothing says which message is the last, so it is waited until no more come.</summary>
internal static class RetainedMessages
{
    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan s_quiet = TimeSpan.FromSeconds(0.5);
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2); // For the first.
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(10);

    /// <summary>Reads until nothing has come for half a second; for at most 10 s, and 2 s when nothing comes at all.</summary>
    internal static async Task<IReadOnlyList<InboundMessage>> GatherAsync(ChannelReader<InboundMessage> heard, TimeProvider time, CancellationToken cancel)
    {
        var messages = new List<InboundMessage>();
        long start = time.GetTimestamp();
        long latest = start;
        while (time.GetElapsedTime(start) < s_longest && time.GetElapsedTime(latest) < (messages.Count > 0 ? s_quiet : s_patience))
        {
            await Task.Delay(s_look, time, cancel);
            while (heard.TryRead(out var message))
            {
                messages.Add(message);
                latest = time.GetTimestamp();
            }
        }

        return messages;
    }
}
