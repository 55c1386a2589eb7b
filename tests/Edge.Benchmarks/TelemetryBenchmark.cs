using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Edge.LinkVictim;
using Edge.Storage;
using Edge.Telemetry.Mqtt;
using Microsoft.Extensions.Logging.Abstractions;

namespace Edge.Benchmarks;

/// <summary><c>telemetry</c>: how fast the link is beside mosquitto_pub, and what the outbox costs.</summary>
internal static class TelemetryBenchmark
{
    private const int PayloadBytes = 200, Window = 64, Rounds = 7, SafeCount = 300;

    private sealed record Measured(double MessagesPerSecond, double CpuMicroseconds);

    /// <summary>The verb.</summary>
    public static Command Create()
    {
        var count = new Option<int>("--messages") { Description = "Messages in a round.", DefaultValueFactory = _ => 50_000 };
        var folder = new Option<string>("--folder") { Description = "Where the outbox lies: the disk that is measured.", DefaultValueFactory = _ => Path.GetTempPath() };
        var file = new Option<string?>("--out") { Description = "File for the report, beside standard output." };
        var command = new Command("telemetry", "The link to Mosquitto beside mosquitto_pub, and the cost of the outbox.") { count, folder, file };
        command.SetAction((parsed, cancel) => RunAsync(parsed.GetValue(count), parsed.GetValue(folder)!, parsed.GetValue(file)));
        return command;
    }

    private static async Task RunAsync(int count, string folder, string? file)
    {
        if (!Broker.IsInstalled) throw new InvalidOperationException("mosquitto and mosquitto-clients are not installed (Debian: apt-get install mosquitto mosquitto-clients)");
        string scratch = Path.Combine(folder, $"edge-telemetry-{Guid.NewGuid():N}");
        using var broker = new Broker(Path.Combine(scratch, "broker"), "max_inflight_messages 0");
        await broker.StartAsync();
        try
        {
            string input = Path.Combine(scratch, "lines");
            await File.WriteAllLinesAsync(input, Enumerable.Repeat(new string('x', PayloadBytes), count));
            List<Measured> theirs = [], ours = [], events = [], durable = [];
            for (int round = 0; round <= Rounds; round++) // The first warms up.
            {
                theirs.Add(await PublishAsync(broker.Port, input, count));
                ours.Add(await LinkAsync(broker.Port, count, null, Delivery.Event));
                events.Add(await LinkAsync(broker.Port, count, Path.Combine(scratch, $"e{round}"), Delivery.Event));
                durable.Add(await LinkAsync(broker.Port, count / 5, Path.Combine(scratch, $"d{round}"), Delivery.NeverDrop));
            }

            List<string> lines = ["# The link", "", $"{count} messages of {PayloadBytes} bytes at QoS 1 to a Mosquitto on the loopback interface, connecting included; medians of {Rounds} rounds in which all took turns. Ratio: within a round.", ""];
            lines.Add("| sender | messages/s | CPU µs a message | messages/s in relation to mosquitto_pub |");
            lines.Add("|---|---:|---:|---:|");
            Add("`mosquitto_pub -l -q 1` (20 in flight)", theirs);
            Add($"the link, {Window} in flight, in memory", ours);
            Add($"the link with the outbox, events", events);
            Add($"the link with the outbox, never dropped ({count / 5} messages)", durable);
            lines.AddRange(["", .. await OutboxAsync(scratch, broker.Port)]);
            lines.AddRange(Machine.Facts());
            lines.Add($"- `dotnet run -c Release --project tests/Edge.Benchmarks -- telemetry --messages {count} --folder {folder}`");
            Machine.Publish(lines, file);

            void Add(string name, List<Measured> rounds)
            {
                var measured = rounds.Skip(1).ToList();
                double ratio = Median(measured.Zip(theirs.Skip(1), (a, b) => a.MessagesPerSecond / b.MessagesPerSecond));
                lines.Add(Line($"| {name} | {Median(measured.Select(m => m.MessagesPerSecond)):0} | {Median(measured.Select(m => m.CpuMicroseconds)):0.0} | {ratio:0.00} |"));
            }
        }
        finally
        {
            await broker.StopAsync();
            Directory.Delete(scratch, recursive: true);
        }
    }

    private static async Task<Measured> PublishAsync(int port, string input, int count)
    {
        long start = Stopwatch.GetTimestamp();
        string command = $"{Broker.Find("mosquitto_pub")} -h 127.0.0.1 -p {port} -V 5 -q 1 -t bench/pub -l < {input} && times"; // Its second line: user and system time of the children, 0m0.10s 0m0.30s.
        using var process = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", command]) { RedirectStandardOutput = true })!;
        string said = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        if (process.ExitCode != 0) throw new InvalidOperationException($"mosquitto_pub ended with {process.ExitCode}");
        double cpu = said.Trim().Split('\n')[^1].Split(' ').Sum(time => double.Parse(time.Split('m')[0], CultureInfo.InvariantCulture) * 60 + double.Parse(time.Split('m')[1].TrimEnd('s'), CultureInfo.InvariantCulture));
        return new Measured(count / seconds, cpu / count * 1e6);
    }

    private static async Task<Measured> LinkAsync(int port, int count, string? folder, Delivery delivery)
    {
        if (folder is not null) Directory.CreateDirectory(folder);
        byte[] payload = new byte[PayloadBytes];
        var cpu = Environment.CpuUsage.TotalTime;
        long start = Stopwatch.GetTimestamp();
        using var link = Link(port, folder, count + 16);
        using var stop = new CancellationTokenSource();
        var running = link.RunAsync(stop.Token);
        for (int i = 0; i < count; i++)
        {
            _ = link.SendAsync(new OutboundMessage("bench", "bench/link", payload, delivery));
            if (i % 256 == 0 && link.QueuedCount > 4096)
            {
                while (link.QueuedCount > 2048) await Task.Delay(1);
            }
        }

        while (link.QueuedCount > 0) await Task.Delay(1);
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        var used = Environment.CpuUsage.TotalTime - cpu;
        var state = link.State;
        if (state.PublishedCount != count || state.DroppedCount + state.RefusedCount > 0) throw new InvalidOperationException($"{count} messages were sent and {state.PublishedCount} acknowledged: {state}");
        await stop.CancelAsync();
        await running;
        return new Measured(count / seconds, used.TotalSeconds / count * 1e6);
    }

    /// <summary>What the outbox writes, and how long a message takes to be safe.</summary>
    private static async Task<List<string>> OutboxAsync(string scratch, int port)
    {
        List<string> lines = [$"A message that is never dropped, {PayloadBytes} bytes of payload: how long `Send` takes, and bytes written to `outbox.db` and its journal, removal included.", ""];
        lines.AddRange(["| case | ms, median | ms, 99 % | bytes written a message | flushed changes a message |", "|---|---:|---:|---:|---:|"]);
        lines.Add(await CaseAsync("broker there, one message every 20 ms", port, SafeCount, 20));
        lines.Add(await CaseAsync("broker there, one after another", port, SafeCount * 10, 0)); // Beyond the first answers, which the kernel acknowledges at once in any case.
        lines.Add(await CaseAsync("broker away, one after another", null, SafeCount, 0));
        lines.Add(await CaseAsync("broker away, 32 at a time", null, SafeCount * 4, 0, together: 32));
        lines.Add("");
        return lines;

        async Task<string> CaseAsync(string name, int? to, int count, int pauseMs, int together = 1)
        {
            string folder = Path.Combine(scratch, Guid.NewGuid().ToString("N"));
            Directory.CreateDirectory(folder);
            var times = new List<double>();
            OutboxHealth health;
            using (var link = Link(to ?? port, folder, 512))
            {
                using var stop = new CancellationTokenSource();
                Task running = Task.CompletedTask;
                if (to is not null)
                {
                    running = link.RunAsync(stop.Token);
                    while (!link.State.Connected) await Task.Delay(1);
                }

                for (int i = 0; i < count; i += together)
                {
                    long start = Stopwatch.GetTimestamp();
                    var batch = Enumerable.Range(0, together).Select(_ => link.SendAsync(new OutboundMessage("bench", "bench/link", new byte[PayloadBytes], Delivery.NeverDrop))).ToArray();
                    await Task.WhenAll(batch);
                    times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
                    if (pauseMs > 0) await Task.Delay(pauseMs);
                }

                if (to is null) running = link.RunAsync(stop.Token); // And away they go.
                while (link.QueuedCount > 0 || (to is null && link.State.Outbox!.Count > 0)) await Task.Delay(10);
                health = link.State.Outbox!;
                await stop.CancelAsync();
                await running;
            }

            times.Sort();
            return Line($"| {name} | {times[times.Count / 2]:0.00} | {times[times.Count * 99 / 100]:0.00} | {(double)health.WrittenBytes / count:0} | {(double)health.ChangeCount / count:0.00} |");
        }
    }

    private static MqttLink Link(int port, string? folder, int capacity) => new(
        new MqttLinkOptions
        {
            Host = "127.0.0.1",
            Port = port,
            ClientId = "bench",
            QueueCapacity = capacity,
            QueueBytes = 64 << 20,
            MemoryBytes = 64 << 20,
            InFlightWindow = Window,
            Outbox = folder is null ? null : new OutboxOptions { Path = Path.Combine(folder, "outbox.db") },
        },
        NullLogger.Instance, TimeProvider.System, new Random(1));

    private static double Median(IEnumerable<double> values) => values.Order().ElementAt(Rounds / 2);

    private static string Line(FormattableString line) => line.ToString(CultureInfo.InvariantCulture);
}
