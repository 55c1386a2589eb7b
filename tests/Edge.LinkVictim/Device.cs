using System.Diagnostics;
using System.Globalization;
using System.Text;
using Edge.Storage;
using Edge.Telemetry.Mqtt;
using Microsoft.Extensions.Logging.Abstractions;

namespace Edge.LinkVictim;

/// <summary>The device in the child process. It says on standard output, a line each: <c>offer N</c> before a message is handed over, <c>ack N</c> when it is safe, <c>up</c> and <c>down REASON</c> of the link, and once a
/// second <c>memory RSS QUEUED QUEUEBYTES</c>.</summary>
internal static class Device
{
    /// <summary>Keep-alive of the link.</summary>
    public static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(2);

    /// <summary>Most bytes that what waits may take in the device's memory.</summary>
    public const long MemoryBytes = 1 << 20;

    public static async Task<int> RunAsync(int port, string data, double rate, long first, CancellationToken cancel)
    {
        string boot = Guid.NewGuid().ToString("N")[..8];
        using var link = new MqttLink(
            new MqttLinkOptions
            {
                Host = "127.0.0.1",
                Port = port,
                ClientId = "chaos-device",
                KeepAlive = KeepAlive,
                ConnectTimeout = TimeSpan.FromSeconds(2),
                PublishTimeout = TimeSpan.FromSeconds(30), // So that a hung broker is noticed by the probe and nothing else.
                MaxPause = TimeSpan.FromSeconds(1),
                MemoryBytes = MemoryBytes,
                Outbox = new OutboxOptions { Path = Path.Combine(data, "outbox.db") },
            },
            NullLogger.Instance, TimeProvider.System, new Random());
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var running = link.RunAsync(stop.Token);
        var watching = WatchAsync(link, stop.Token);
        var asked = Task.Run(Console.In.ReadLine, CancellationToken.None);
        long start = Stopwatch.GetTimestamp();
        for (long number = first; !asked.IsCompleted; number++)
        {
            Say($"offer {number}");
            byte[] payload = Encoding.UTF8.GetBytes($"{boot} {number - first + 1} {number} {new string('x', 150)}");
            link.Send(new OutboundMessage("chaos", "chaos/device", payload, Delivery.NeverDrop));
            Say($"ack {number}");
            var due = TimeSpan.FromSeconds((number - first + 1) / rate) - Stopwatch.GetElapsedTime(start);
            if (due > TimeSpan.Zero) await Task.Delay(due, CancellationToken.None);
        }

        while (link.State.QueuedCount > 0) await Task.Delay(20, cancel);
        Say($"outbox {link.State.Outbox?.WrittenBytes} {link.State.Outbox?.ChangeCount}");
        await stop.CancelAsync();
        await running;
        await watching;
        Say("drained");
        return 0;
    }

    private static async Task WatchAsync(MqttLink link, CancellationToken stop)
    {
        bool up = false;
        long told = 0;
        while (!stop.IsCancellationRequested)
        {
            var state = link.State;
            if (state.Connected != up) Say((up = state.Connected) ? "up" : $"down {state.LastError}");
            if (Environment.TickCount64 - told >= 1000)
            {
                told = Environment.TickCount64;
                Say(string.Create(CultureInfo.InvariantCulture, $"memory {Environment.WorkingSet} {state.QueuedCount} {state.QueuedMemoryBytes}"));
            }

            await Task.Delay(5, CancellationToken.None);
        }
    }

    private static void Say(string line)
    {
        lock (Console.Out)
        {
            Console.Out.WriteLine(line);
            Console.Out.Flush();
        }
    }
}
