using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Edge.EndToEnd.Tests.World;
using Edge.LinkVictim;

namespace Edge.EndToEnd.Tests;

/// <summary>What other systems than the fleet see of a running service: Prometheus, a collector, a Sparkplug host, Home Assistant.</summary>
public sealed partial class EcosystemTests(ITestOutputHelper report)
{
    private static readonly HttpClient s_client = new();

    [Fact]
    public async Task Prometheus_and_a_collector_see_what_the_service_does_and_it_stays_small()
    {
        int port = Ports.Free();
        string collectorUrl = $"http://127.0.0.1:{Ports.Free()}/";
        using var collector = new HttpListener { Prefixes = { collectorUrl } };
        collector.Start();
        var received = ReceiveAsync(collector, "edge.windows.seen");
        await using var device = await DeviceFolder.Create()
            .With("telemetry.broker", "embedded").With("telemetry.port", 0)
            .With("metrics.prometheus", "on").With("metrics.prometheusPort", port).With("metrics.otlpEndpoint", collectorUrl).With("metrics.otlpSeconds", 1).WithFirstSnapshotAsync();
        var run = device.Run();
        await Eventually.Holds(() => Mosquitto.Listens(port), "the endpoint is there", () => run.Said);
        var scraped = new Dictionary<string, double>();
        while (scraped.GetValueOrDefault("edge_rounds_run_total") < 1 && run.IsAlive)
        {
            string text = await s_client.GetStringAsync($"http://127.0.0.1:{port}/metrics", TestContext.Current.CancellationToken);
            scraped = Line().Matches(text).ToDictionary(line => line.Groups["name"].Value.Replace("{}", ""), line => double.Parse(line.Groups["value"].Value, CultureInfo.InvariantCulture));
            await Task.Delay(200, TestContext.Current.CancellationToken);
        }

        string path = await received.WaitAsync(TimeSpan.FromSeconds(300), TestContext.Current.CancellationToken);
        double peakMiB = LinuxProcess.PeakResidentMiB(run.Id);
        run.CtrlC();
        Assert.Equal(0, await run.EndAsync());
        var summary = run.Summary();
        report.WriteLine($"VmHWM {peakMiB:0} MiB with Prometheus and OTLP");

        Assert.InRange(scraped["edge_windows_seen_total"], 50, (double)summary["windowsSeen"]!);
        Assert.Equal(scraped["edge_windows_seen_total"], scraped.Where(one => one.Key.StartsWith("edge_predictions_total{", StringComparison.Ordinal)).Sum(one => one.Value) + scraped["edge_windows_unknown_total"], 8.0); // Counted one after the other, while windows come.
        Assert.Equal(1, scraped["edge_link_connected"]);
        Assert.InRange(scraped["edge_process_memory_bytes"], 50e6, 250 * 1048576.0);
        Assert.InRange(scraped["edge_latency_seconds{quantile=\"0.5\"}"], 1e-6, 60);
        Assert.True(scraped["edge_examples_stored_total"] > 0 && scraped["edge_replay_examples"] > 0 && scraped["edge_replay_written_bytes_total"] > 0);
        Assert.Equal("/v1/metrics", path);
        Assert.InRange(peakMiB, 1, 250);
    }

    [Fact]
    public async Task What_is_off_is_not_even_loaded()
    {
        await using var device = await DeviceFolder.Create().WithFirstSnapshotAsync();
        var run = device.Run();
        await Eventually.Holds(() => run.LoggedCount(2004) + run.LoggedCount(2005) >= 1, "a round is judged", () => run.Said);
        var mapped = LinuxProcess.MappedFiles(run.Id);
        run.CtrlC();
        Assert.Equal(0, await run.EndAsync());
        Assert.Contains(mapped, path => path.EndsWith("Edge.Telemetry.dll", StringComparison.Ordinal));
        Assert.DoesNotContain(mapped, path => Path.GetFileName(path).StartsWith("OpenTelemetry", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_port_that_is_taken_keeps_the_service_from_starting_and_is_named()
    {
        int port = Ports.Free();
        using var other = new HttpListener { Prefixes = { $"http://127.0.0.1:{port}/" } };
        other.Start();
        await using var device = DeviceFolder.Create().With("metrics.prometheus", "on").With("metrics.prometheusPort", port);
        var run = device.Run();
        Assert.Equal(70, await run.EndAsync());
        Assert.Contains(run.Talk, line => line.StartsWith($"edge run: Prometheus cannot be served on 127.0.0.1:{port}: ", StringComparison.Ordinal) && line.Contains("Set metrics.prometheusPort to a free port", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_sparkplug_host_sees_the_births_and_the_death_with_numbers_that_go_on_over_a_restart()
    {
        await using var broker = await Mosquitto.StartAsync();
        await using var ears = await Ears.OpenAsync(broker.Port, "spBv1.0/#");
        await using var device = await DeviceFolder.Create(broker.Port).With("sparkplug.mode", "on").With("sparkplug.groupId", "plant").With("sparkplug.publishSeconds", 0.2).WithFirstSnapshotAsync();
        for (int life = 0; life < 2; life++)
        {
            int before = ears.All.Count;
            var run = device.Run();
            await Eventually.Holds(() => ears.All.Skip(before).Any(one => one.Topic == "spBv1.0/plant/DDATA/d1/classifier"), "data come", () => run.Said);
            if (life == 0) run.CtrlC();
            else await run.KillAsync(); // The broker says it then.
            await run.EndAsync();
            await Eventually.Holds(() => ears.All[^1].Topic == "spBv1.0/plant/NDEATH/d1", "the node is dead");
            var all = ears.All.Skip(before).ToList();
            Assert.Equal(["spBv1.0/plant/NBIRTH/d1", "spBv1.0/plant/DBIRTH/d1/classifier"], all.Take(2).Select(one => one.Topic));
            Assert.Contains("6264536571", all[0].Hex, StringComparison.OrdinalIgnoreCase); // bdSeq
            Assert.EndsWith($"58{life:x2}", all[^1].Hex, StringComparison.OrdinalIgnoreCase); // Its long_value.
        }
    }

    [Fact]
    public async Task Home_assistant_finds_the_device_and_loses_it_when_discovery_is_switched_off()
    {
        await using var broker = await Mosquitto.StartAsync();
        await using var ears = await Ears.OpenAsync(broker.Port, "homeassistant/#");
        await using var device = await DeviceFolder.Create(broker.Port).With("homeAssistant.discovery", "on").WithFirstSnapshotAsync();
        var run = device.Run();
        await Eventually.Holds(() => ears.All.Count == 1, "the device is announced", () => run.Said);
        await Eventually.Holds(() => File.Exists(Path.Combine(device.Data, "announced")), "it is remembered");
        run.CtrlC();
        Assert.Equal(0, await run.EndAsync());
        Assert.Equal("homeassistant/device/d1/config", ears.All[0].Topic);
        Assert.Equal("edge/d1/prediction", (string?)JsonNode.Parse(Convert.FromHexString(ears.All[0].Hex))!["components"]!["class"]!["state_topic"]);

        device.With("homeAssistant.discovery", "off");
        run = device.Run();
        await Eventually.Holds(() => ears.All is [_, { Topic: "homeassistant/device/d1/config", Hex: "" }], "it is taken back", () => run.Said);
        await Eventually.Holds(() => !File.Exists(Path.Combine(device.Data, "announced")), "and forgotten");
        run.CtrlC();
        Assert.Equal(0, await run.EndAsync());
    }

    /// <summary>Answers every export until one speaks of the instrument; the path that it came to.</summary>
    private static async Task<string> ReceiveAsync(HttpListener collector, string instrument)
    {
        while (true)
        {
            var context = await collector.GetContextAsync().WaitAsync(TestContext.Current.CancellationToken);
            using var body = new MemoryStream();
            await context.Request.InputStream.CopyToAsync(body, TestContext.Current.CancellationToken);
            context.Response.Close();
            if (Encoding.Latin1.GetString(body.ToArray()).Contains(instrument)) return context.Request.Url!.AbsolutePath;
        }
    }

    [GeneratedRegex("""^(?<name>edge_[a-z_]+(\{[^}]*\})?) (?<value>\S+)( \d+)?\r?$""", RegexOptions.Multiline)]
    private static partial Regex Line();

    /// <summary>mosquitto_sub with payloads in hexadecimal digits.</summary>
    private sealed class Ears : IAsyncDisposable
    {
        private readonly System.Collections.Concurrent.ConcurrentQueue<(string Topic, string Hex)> heard = new();
        private readonly Process process;
        private volatile bool subscribed;

        private Ears(int port, string filter)
        {
            process = Process.Start(new ProcessStartInfo(Mosquitto.PathOf("mosquitto_sub"), ["-h", "127.0.0.1", "-p", $"{port}", "-V", "5", "-q", "1", "-t", filter, "-t", "probe", "-F", "%t\t%x"]) { RedirectStandardOutput = true })!;
            process.OutputDataReceived += (_, line) =>
            {
                if (line.Data?.Split('\t') is not [var topic, var hex]) return;
                if (topic == "probe") subscribed = true;
                else heard.Enqueue((topic, hex));
            };
            process.BeginOutputReadLine();
        }

        public IReadOnlyList<(string Topic, string Hex)> All => [.. heard];

        public static async Task<Ears> OpenAsync(int port, string filter)
        {
            var ears = new Ears(port, filter);
            using var publisher = Process.Start(Mosquitto.PathOf("mosquitto_pub"), ["-h", "127.0.0.1", "-p", $"{port}", "-q", "1", "-r", "-t", "probe", "-m", "?"]);
            await publisher.WaitForExitAsync(TestContext.Current.CancellationToken);
            await Eventually.Holds(() => ears.subscribed, "mosquitto_sub has subscribed");
            return ears;
        }

        public async ValueTask DisposeAsync()
        {
            process.Kill();
            await process.WaitForExitAsync(CancellationToken.None);
            process.Dispose();
        }
    }
}
