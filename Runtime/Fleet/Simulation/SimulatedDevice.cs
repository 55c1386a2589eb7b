using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Edge.Runtime.Inference;
using Edge.Runtime.Stages;
using Edge.Runtime.Updates;
using Edge.Runtime.Updates.Checks;
using Edge.Runtime.Updates.States;
using Edge.Runtime.Updates.Trials;
using Edge.Runtime.Updates.Trust;
using Edge.Telemetry.Messages;
using Edge.Telemetry.Mqtt;
using Microsoft.Extensions.Logging.Abstractions;

namespace Edge.Runtime.Fleet.Simulation;

/// <summary>
/// A device without sensor and model: its link, its reporter, its files of configuration and the way of a document through them are the service's own; what it goes through is <see cref="DeviceLife"/>, and what a trial finds
/// <see cref="SimulatedHealth"/>. A restart of the pipeline ends the link and begins a new one, as in the service. Its queue is in memory only.
/// </summary>
/// <param name="options">What is simulated.</param>
/// <param name="number">From 1.</param>
/// <param name="failing">Whether it fails health in a trial.</param>
/// <param name="folder">Its own.</param>
/// <param name="disk">Taken for steps that force files to disk, so that a fleet does not hold all threads with it.</param>
/// <param name="time">Its clock.</param>
internal sealed class SimulatedDevice(SimulationOptions options, int number, bool failing, string folder, SemaphoreSlim disk, TimeProvider time)
{
    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(100);
    private readonly string id = $"{options.Prefix}{number:d4}";
    private readonly Random random = new(SeedOf(options.Seed, number));
    private long publishedBefore;
    private MqttLink? link;

    /// <summary>Its id in topics.</summary>
    public string Id => id;

    /// <summary>Where its configuration stands; null before the first start.</summary>
    public ConfigState? State => machine?.State;

    /// <summary>Whether the broker has its session.</summary>
    public bool IsConnected => link?.State.Connected ?? false;

    /// <summary>Messages that the broker has acknowledged.</summary>
    public long PublishedCount => Interlocked.Read(ref publishedBefore) + (link?.State.PublishedCount ?? 0);

    private ConfigMachine? machine;

    /// <summary>The device's own seed, the same in every process: the first four bytes of SHA-256 over <c>SEED:NUMBER</c>, little-endian.</summary>
    internal static int SeedOf(int seed, int number) =>
        BinaryPrimitives.ReadInt32LittleEndian(SHA256.HashData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{seed}:{number}"))));

    /// <summary>Lives until <paramref name="stopping"/>.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        var document = Provision();
        var clock = new SystemDeviceClock(time);
        machine = ConfigMachine.Open(Path.Combine(folder, "config"), clock);
        var updates = new UpdateState(machine, KeyRingStore.Open(document.Verdict.Config!.Updates.KeysFile, Path.Combine(folder, "config")), clock);
        var kept = new KeptReadOut(new ReadOutFiles(Path.Combine(folder, "statistics.bin"), Path.Combine(folder, "readout.json")), Path.Combine(folder, "config"));
        var request = new RunRequest();
        var life = new DeviceLife(document.Verdict.Config.Labels.Classes, options.Pace, random);
        while (!stopping.IsCancellationRequested)
        {
            var active = await OnDiskAsync(() => UpdateStart.Choose(document, machine, kept, "", NullLogger.Instance), stopping);
            using var session = CancellationTokenSource.CreateLinkedTokenSource(stopping);
            await ServeAsync(active, updates, request, life, session);
            request.After(hasFault: false, isOnTrial: false, stopping.IsCancellationRequested);
        }
    }

    private async Task ServeAsync(RunningConfig active, UpdateState updates, RunRequest request, DeviceLife life, CancellationTokenSource session)
    {
        var config = active.Verdict.Config!;
        var live = new LiveConfig(config);
        var topics = new Topics(config.Telemetry.TopicRoot, id);
        string bootId = $"{random.NextInt64():x12}"[..12];
        using var own = new MqttLink(
            options.Reach with
            {
                Host = config.Telemetry.Host,
                Port = config.Telemetry.Port,
                ClientId = $"edge-{id}",
                KeepAlive = TimeSpan.FromSeconds(config.Telemetry.KeepAliveSeconds),
                QueueCapacity = config.Telemetry.QueueCapacity,
                LastWill = Reporter.LastWill(topics, bootId, time),
                Subscriptions = topics.Inbound,
            },
            NullLogger.Instance,
            time,
            new Random(random.Next()));
        link = own;
        var reporter = new Reporter(topics, bootId, time, own.SendAsync);
        var desired = new DesiredConfig(updates, active, live, request, new UpdateSurroundings { DeviceId = id, BrokerIsLoopback = own.IsLoopback, AccuracyPercent = () => 90, Tell = reporter.ConfigReported });
        long start = time.GetTimestamp();
        StatusMessage Status(DeviceState state, string? reason) => new()
        {
            State = state,
            Reason = reason,
            Version = Product.Version,
            SnapshotId = life.SnapshotId,
            ConfigHash = desired.Running.Verdict.Hash,
            ConfigTrust = desired.Trust,
            Classes = live.Current.Labels.Classes,
            Provider = "simulated",
            AnchorAccuracyPercent = life.Standing.AnchorAccuracyPercent,
            WorstForgetting = life.Standing.Worst,
            DriftAlarms = life.Standing.DriftAlarms,
            LatestDrift = life.Standing.Drift,
            UptimeSeconds = Math.Round(time.GetElapsedTime(start).TotalSeconds, 1),
        };

        reporter.Status(Status(DeviceState.Online, request.Restarted ? "reconfigured" : null));
        reporter.ConfigReported(desired.Report());
        life.Begin(reporter);
        await Task.WhenAll(
            own.RunAsync(() => reporter.Farewell(Status(DeviceState.Offline, request.RestartWanted ? "reconfiguring" : "stopped")), session.Token),
            UntilStoppedAsync(LiveAsync(own, reporter, live, life, Status, session), session),
            UntilStoppedAsync(ListenAsync(own, topics, desired, life, reporter, Status, request, session), session),
            UntilStoppedAsync(TryAsync(own, topics, desired, updates, live, request, session), session));
        Interlocked.Add(ref publishedBefore, own.State.PublishedCount);
        link = null;
    }

    private async Task LiveAsync(MqttLink own, Reporter reporter, LiveConfig live, DeviceLife life, Func<DeviceState, string?, StatusMessage> status, CancellationTokenSource session)
    {
        await Task.Delay(random.NextDouble() * TimeSpan.FromSeconds(live.Current.Telemetry.SummarySeconds), time, session.Token); // Devices are not in step.
        var (before, summary, told) = (time.GetTimestamp(), time.GetTimestamp(), default((double?, WorstForgetting?, LatestDrift?, long)));
        while (true)
        {
            double every = live.Current.Telemetry.SummarySeconds;
            await Task.Delay(TimeSpan.FromSeconds(Math.Clamp(every, 0.1, 1)), time, session.Token);
            var elapsed = time.GetElapsedTime(before);
            before = time.GetTimestamp();
            life.Live(elapsed, reporter, time.GetUtcNow());
            if (time.GetElapsedTime(summary).TotalSeconds >= every)
            {
                summary = time.GetTimestamp();
                var dropped = own.State.DroppedByName;
                life.Summarise(reporter, dropped.Count > 0 ? dropped : null);
                if (life.Standing != told) reporter.Status(status(DeviceState.Online, null)); // As the service does.
                told = life.Standing;
            }

            if (random.NextDouble() < 1 - Math.Exp(-options.RestartsPerHour * elapsed.TotalHours)) await session.CancelAsync();
        }
    }

    private async Task ListenAsync(MqttLink own, Topics topics, DesiredConfig desired, DeviceLife life, Reporter reporter, Func<DeviceState, string?, StatusMessage> status, RunRequest request, CancellationTokenSource session)
    {
        await foreach (var message in own.Inbound.ReadAllAsync(session.Token))
        {
            if (message.Payload.IsEmpty) continue;
            if (message.Topic == topics.Label)
            {
                life.Label(message.Payload, reporter);
            }
            else if (message.Topic == topics.ConfigKeys)
            {
                await OnDiskAsync(
                    () =>
                    {
                        desired.TakeKeys(message.Payload);
                        return true;
                    },
                    session.Token);
                reporter.Status(status(DeviceState.Online, null));
            }
            else if (message.Topic == topics.ConfigDesired)
            {
                string hash = desired.Running.Verdict.Hash;
                if (await OnDiskAsync(() => desired.Judge(message.Payload), session.Token))
                {
                    request.WantRestart();
                    await session.CancelAsync();
                }
                else if (desired.Running.Verdict.Hash != hash)
                {
                    reporter.Status(status(DeviceState.Online, "reconfigured"));
                }
            }
        }
    }

    private async Task TryAsync(MqttLink own, Topics topics, DesiredConfig desired, UpdateState updates, LiveConfig live, RunRequest request, CancellationTokenSource session)
    {
        desired.Arrived();
        while (true)
        {
            await desired.TrialBegunAsync(session.Token);
            if (desired.Tried is not { } candidate) continue;
            bool brokerMatters = TrialScope.Of(desired.GoodConfig, live.Current).Broker;
            long start = time.GetTimestamp();
            while (desired.Tried == candidate)
            {
                await Task.Delay(s_look, time, session.Token);
                var broker = own.State;
                var evidence = SimulatedHealth.Evidence(
                    number, failing, time.GetElapsedTime(start), updates.Machine.State.AccuracyBeforePercent, live.Current.Updates, brokerMatters, BrokerReach.Problem(broker, topics, desired.Trust));
                var verdict = TrialHealth.Judge(evidence, live.Current.Updates);
                if (verdict.Decision == TrialDecision.Wait || !await OnDiskAsync(() => desired.End(candidate, verdict), session.Token)) continue;
                request.WantRestart();
                await session.CancelAsync();
                return;
            }
        }
    }

    /// <summary>The file that the device is started with.</summary>
    private RunningConfig Provision()
    {
        Directory.CreateDirectory(folder);
        string file = Path.Combine(folder, "device.json");
        File.WriteAllText(file, JsonSerializer.Serialize(new
        {
            device = new { id, fleet = options.Fleet, groups = options.Groups.Count > 0 ? new[] { options.Groups[(number - 1) % options.Groups.Count] } : [], dataDirectory = folder },
            telemetry = new { broker = "external", host = options.Reach.Host, port = options.Reach.Port, topicRoot = options.Root },
            updates = new { keysFile = options.KeysFile },
        }), new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
        var document = RunningConfig.Read(file);
        return document.Verdict.IsValid ? document : throw new ArgumentException($"a device with these options would refuse to start: {string.Join("; ", document.Verdict.Problems)}");
    }

    private async Task<T> OnDiskAsync<T>(Func<T> work, CancellationToken stopping)
    {
        await disk.WaitAsync(stopping);
        try
        {
            return work();
        }
        finally
        {
            disk.Release();
        }
    }

    /// <summary>Ends with the session; what goes wrong in one part ends the others.</summary>
    private static async Task UntilStoppedAsync(Task part, CancellationTokenSource session)
    {
        try
        {
            await part;
        }
        catch (OperationCanceledException) when (session.IsCancellationRequested)
        {
            // Its end.
        }
        finally
        {
            await session.CancelAsync();
        }
    }
}
