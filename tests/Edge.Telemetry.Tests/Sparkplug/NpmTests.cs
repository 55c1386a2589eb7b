using System.Diagnostics;
using System.Text.Json.Nodes;
using Edge.Telemetry.Sparkplug;
using Edge.Telemetry.Tests.Metrics;

namespace Edge.Telemetry.Tests.Sparkplug;

/// <summary>Bytes as the npm package sparkplug-payload of Eclipse Tahu understands them: somebody else's reading of the specification.</summary>
public sealed class NpmTests
{
    private const string Script = """
        const sparkplug = require('sparkplug-payload').get('spBv1.0');
        const lines = require('fs').readFileSync(0, 'utf8').trim().split('\n');
        const plain = (key, value) => value && typeof value === 'object' && 'low' in value ? Number(BigInt(value.high) * 4294967296n + BigInt(value.low >>> 0)) : value;
        for (const line of lines) console.log(JSON.stringify(sparkplug.decodePayload(Buffer.from(line, 'hex')), plain));
        """;

    [Fact]
    public async Task Births_data_and_deaths_are_read_by_somebody_else()
    {
        DateTimeOffset at = DateTimeOffset.FromUnixTimeMilliseconds(1_790_000_000_123);
        IReadOnlyList<SparkplugMetric> node = SparkplugMetrics.OfNode(Readings.Of(), "1.2.3"), device = SparkplugMetrics.OfDevice(Readings.OfNothing());
        JsonNode[] read = await DecodeAsync(
            SparkplugPayload.NodeBirth(200, 0, at, node), SparkplugPayload.DeviceBirth(1, at, device), SparkplugPayload.Data(255, at, [SparkplugMetric.Of("Class", "walking")]), SparkplugPayload.DeviceDeath(7, at), SparkplugPayload.NodeDeath(200, at));

        Assert.Equal([0, 1, 255, 7], read[..4].Select(one => (long)one["seq"]!));
        Assert.Null(read[4]["seq"]);
        Assert.All(read, one => Assert.Equal(1_790_000_000_123, (long)one["timestamp"]!));
        Assert.Equal(("bdSeq", "Int64", 200), ((string)read[0]["metrics"]![0]!["name"]!, (string)read[0]["metrics"]![0]!["type"]!, (int)read[0]["metrics"]![0]!["value"]!));
        Assert.Equal(("Node Control/Rebirth", "Boolean", false), ((string)read[0]["metrics"]![1]!["name"]!, (string)read[0]["metrics"]![1]!["type"]!, (bool)read[0]["metrics"]![1]!["value"]!));
        AssertSame(node, read[0]["metrics"]!.AsArray().Skip(2));
        AssertSame(device, read[1]["metrics"]!.AsArray());
        Assert.Equal("Class", (string)Assert.Single(read[2]["metrics"]!.AsArray())!["name"]!);
        Assert.Empty(read[3]["metrics"]!.AsArray());
        Assert.Equal((200, "bdSeq"), ((int)Assert.Single(read[4]["metrics"]!.AsArray())!["value"]!, (string)read[4]["metrics"]![0]!["name"]!));
    }

    private static void AssertSame(IReadOnlyList<SparkplugMetric> metrics, IEnumerable<JsonNode?> read) => Assert.Equal(
        metrics.Select(metric => (metric.Name, metric.Type.ToString(), metric.Value is null, metric.Value?.ToString())),
        read.Select(one => ((string)one!["name"]!, (string)one["type"]!, one["value"] is null, metrics.First(metric => metric.Name == (string)one["name"]!).Value switch
        {
            null => null,
            bool => ((bool)one["value"]!).ToString(),
            long => ((long)one["value"]!).ToString(),
            double => ((double)one["value"]!).ToString(),
            _ => (string?)one["value"],
        })));

    private static async Task<JsonNode[]> DecodeAsync(params byte[][] payloads)
    {
        string folder = Path.Combine(Path.GetTempPath(), "edge-sparkplug-payload-1.0.3"); // Kept between runs: npm takes seconds.
        await InstallAsync(folder);
        using Process node = Start("node", folder, "-e", Script);
        foreach (byte[] payload in payloads) await node.StandardInput.WriteLineAsync(Convert.ToHexString(payload));
        node.StandardInput.Close();
        Task<string> problems = node.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        string said = await node.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await node.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(node.ExitCode == 0, await problems);
        return [.. said.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!)];
    }

    private static async Task InstallAsync(string folder)
    {
        if (!IsInstalled("node") || !IsInstalled("npm")) Missing("node and npm are not installed (Debian: apt-get install nodejs npm)");
        if (File.Exists(Path.Combine(folder, "node_modules", "sparkplug-payload", "index.js"))) return;
        Directory.CreateDirectory(folder);
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(IsRequired ? TimeSpan.FromMinutes(5) : TimeSpan.FromSeconds(45));
        using Process npm = Start("npm", folder, "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", folder, "sparkplug-payload@1.0.3");
        try
        {
            Task<string> problems = npm.StandardError.ReadToEndAsync(limit.Token), said = npm.StandardOutput.ReadToEndAsync(limit.Token);
            await npm.WaitForExitAsync(limit.Token);
            if (npm.ExitCode != 0) Missing($"npm cannot install sparkplug-payload 1.0.3 here: {await problems} {await said}");
        }
        catch (OperationCanceledException) when (!TestContext.Current.CancellationToken.IsCancellationRequested)
        {
            npm.Kill(entireProcessTree: true);
            Missing("npm did not install sparkplug-payload 1.0.3 in time");
        }
    }

    /// <summary>Where changes are decided on (.ci/run) the test has to run; elsewhere it is skipped without what it needs.</summary>
    private static bool IsRequired => Environment.GetEnvironmentVariable("EDGE_CI") == "1";

    private static void Missing(string why)
    {
        if (IsRequired) Assert.Fail(why);
        Assert.Skip(why);
    }

    private static bool IsInstalled(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, program)));

    private static Process Start(string program, string folder, params string[] arguments) => Process.Start(new ProcessStartInfo(program, arguments)
    {
        WorkingDirectory = folder, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
    })!;
}
