using System.Text.Json.Nodes;
using Edge.Storage;

namespace Edge.EndToEnd.Tests.World;

/// <summary>The disk of one device: a working folder with a config file, which outlives its processes. At the end nothing of it is left, no process either.</summary>
internal sealed class DeviceFolder : IAsyncDisposable
{
    public const string DeviceId = "d1";
    private static readonly Lazy<Task<IReadOnlyDictionary<string, byte[]>>> s_firstSnapshot = new(MakeFirstSnapshotAsync);
    private readonly List<RunningDevice> runs = [];

    private DeviceFolder(JsonObject config) => Config = config;

    /// <summary>The config file's content; it is written at every start.</summary>
    public JsonObject Config { get; }

    public string Path { get; } = Directory.CreateTempSubdirectory("edge-e2e-").FullName;

    public string Data => System.IO.Path.Combine(Path, "edge-data");

    /// <summary>A device that lives fast: stream time runs at 20 times the clock, and rounds are small and many.</summary>
    /// <remarks>What a loaded machine decides leads back from no trial: latency, windows that find their queue full, and the accuracy that a few anchors show. A test of one of them sets its limit.</remarks>
    /// <param name="brokerPort">Port of the broker outside the process; null: the device has none.</param>
    /// <param name="id">Its name in topics.</param>
    public static DeviceFolder Create(int? brokerPort = null, string id = DeviceId) => new(JsonNode.Parse($$"""
        {
          "device": { "id": "{{id}}" },
          "sensor": { "speed": 20 },
          "replay": { "capacity": 10000, "anchorCapacity": 1000, "anchorShare": 0.3, "freshCapacity": 10000 },
          "training": { "roundExamples": 24, "epochs": 2, "batchSize": 16, "replayBatchSize": 16 },
          "inference": { "providers": ["cpu"] },
          "telemetry": { "broker": "{{(brokerPort is null ? "none" : "external")}}", "port": {{brokerPort ?? 1883}}, "summarySeconds": 0.25 },
          "updates": { "trialSeconds": 1, "graceSeconds": 20, "maxLatencyP99Ms": 60000, "maxErrorPercent": 100, "maxAccuracyDropPoints": 100 }
        }
        """)!.AsObject());

    /// <summary>Sets one field, named by its path.</summary>
    public DeviceFolder With(string path, JsonNode? value)
    {
        string[] names = path.Split('.');
        var section = Config;
        foreach (string name in names[..^1])
        {
            if (section[name] is not JsonObject next) section[name] = next = [];
            section = next;
        }

        section[names[^1]] = value;
        return this;
    }

    /// <summary>As if it had been started before and had learnt nothing: the first snapshot is there, and no training child has to make one. All of a test run have the same.</summary>
    public async Task<DeviceFolder> WithFirstSnapshotAsync()
    {
        foreach (var (name, bytes) in await s_firstSnapshot.Value)
        {
            string file = System.IO.Path.Combine(Data, "snapshots", name);
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(file)!);
            await File.WriteAllBytesAsync(file, bytes, TestContext.Current.CancellationToken);
        }

        return this;
    }

    /// <summary>Starts <c>edge run</c> here. A quarter of an hour later it ends by itself whatever becomes of the test.</summary>
    public RunningDevice Run(params string[] arguments)
    {
        File.WriteAllText(System.IO.Path.Combine(Path, "config.json"), Config.ToJsonString());
        var run = RunningDevice.Start(Path, ["run", "--config", "config.json", "--headless", "--json", "--for", "900", .. arguments]);
        runs.Add(run);
        return run;
    }

    /// <summary>The id in the file that names the running snapshot; null before the first. Read without the product's code, which would repair what it finds.</summary>
    public string? CurrentSnapshotId() => File.Exists(System.IO.Path.Combine(Data, "snapshots", "current")) ? File.ReadAllText(System.IO.Path.Combine(Data, "snapshots", "current")).Trim() : null;

    /// <summary>Opens the replay buffer as the service would, or only to look at it; only while no service runs.</summary>
    public ReplayBuffer OpenBuffer(ReplayAccess access = ReplayAccess.Serve) => ReplayBuffer.Open(
        System.IO.Path.Combine(Data, "replay.db"),
        new ReplayBufferOptions
        {
            Capacity = (int)Config["replay"]!["capacity"]!,
            AnchorCapacity = (int)Config["replay"]!["anchorCapacity"]!,
            AnchorShare = (double)Config["replay"]!["anchorShare"]!,
            AnchorBlockSeconds = 10,
            FreshCapacity = (int)Config["replay"]!["freshCapacity"]!,
            Seed = 1,
        },
        TimeProvider.System,
        access);

    /// <summary>Training children that work in this folder, whoever started them.</summary>
    public IReadOnlyList<int> TrainingChildren() => [.. LinuxProcess.With($"train --round {Path}").Select(process => process.Id)];

    private static async Task<IReadOnlyDictionary<string, byte[]>> MakeFirstSnapshotAsync()
    {
        await using var device = Create().With("labels.sourceShare", 0);
        var run = device.Run();
        await Eventually.Holds(() => run.Logged(1001) is not null, "the first snapshot is made", () => run.Said);
        await run.EndByCtrlCAsync();
        string folder = System.IO.Path.Combine(device.Data, "snapshots");
        return Directory.GetFiles(folder, "*", SearchOption.AllDirectories).ToDictionary(file => System.IO.Path.GetRelativePath(folder, file), File.ReadAllBytes);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var run in runs) await run.DisposeAsync();
        foreach (int left in TrainingChildren()) LinuxProcess.Signal(left, LinuxProcess.Kill);
        for (int tries = 0; ; tries++)
        {
            try
            {
                Directory.Delete(Path, recursive: true);
                return;
            }
            catch (IOException) when (tries < 50)
            {
                await Task.Delay(20, CancellationToken.None); // A child that was killed just now still holds a file.
            }
        }
    }
}
