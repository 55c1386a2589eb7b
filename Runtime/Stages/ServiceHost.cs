using Edge.Config;
using Edge.Runtime.Inference;
using Edge.Runtime.Labelling;
using Edge.Runtime.Learning;
using Edge.Runtime.Sensors;
using Edge.Runtime.Updates;
using Edge.Runtime.Updates.Offers;
using Edge.Runtime.Updates.States;
using Edge.Runtime.Updates.Trials;
using Edge.Runtime.View;
using Edge.Runtime.Windowing;
using Edge.Storage;
using Edge.Telemetry.Drift.Watching;
using Edge.Telemetry.Messages;
using Edge.Telemetry.Metrics;
using Edge.Telemetry.Mqtt;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Edge.Runtime.Stages;

/// <summary>Composes the service from a configuration and runs it until it is asked to stop, its stream ends, or a bug ends it. The one place that knows everybody.</summary>
public static class ServiceHost
{
    private static readonly TimeSpan s_shutdown = TimeSpan.FromSeconds(1.8); // A Ctrl-C ends the service within 2 s.

    /// <summary>Runs the service once.</summary>
    /// <returns>What it came to.</returns>
    public static async Task<ServiceOutcome> RunAsync(ServiceSettings settings, RunRequest request, CancellationToken stopping)
    {
        var (config, data, time) = (settings.Active.Verdict.Config!, settings.Data, TimeProvider.System);
        bool isOnTrial = settings.Updates.Machine.State.Phase == ConfigPhase.Trial;
        var good = settings.Active.With(settings.Updates.Machine.Good).Verdict.Config ?? config; // Runs, unless another is on trial.
        var names = ClassNames.Of(config.Labels.Renamed);
        using var buffer = ReplayBuffer.Open(data.ReplayFile, OptionsOf(config with { Replay = ReplayRoom.DuringTrial(good.Replay, config.Replay) }), time, ReplayAccess.Serve, trims: false); // Not before the read-out has counted what would go.
        var before = buffer.Counts;
        var sensor = SensorCatalogue.Open(config, before.LastStartSeconds);
        var shape = new WindowShape(sensor.Channels.Count, config.Window.Length, config.Sensor.SampleRateHz);
        var snapshots = new SnapshotStore(data.Snapshots, config.Promotion.KeepSnapshots, (long)config.Promotion.KeepSnapshotsMiB << 20);
        var folders = new RoundFolders(data.Rounds, config.Training.KeepRounds, (long)config.Training.KeepRoundsMiB << 20, names);
        var (known, kept) = (snapshots.Current, snapshots.List().Select(one => one.Id).ToHashSet());
        string pinProblem = PinnedSnapshot.Run(config, shape, snapshots, isOnTrial);
        var shapes = ShapeHistory.Load(data.Shapes);
        shapes.Note(shape, before.AcknowledgedCount, known?.Window);
        var stored = await FirstSnapshot.EnsureAsync(snapshots, folders, config, shape, sensor.Channels, time, isOnTrial, stopping);
        var snapshot = stored with { Classes = config.Labels.Classes }; // The graph takes any number of prototypes.

        var providers = new ProviderChain(config.Inference, new EngineCache(data.Engines));
        using var slot = new ReadOutSlot();
        using var readOut = new ReadOut(slot, config.Inference, config.ReadOut, data.ReadOut, snapshots.ModelFile(snapshot), snapshot, providers, shapes, WindowCopies.For(config));
        await readOut.RestoreAsync(buffer);
        var running = providers.OpenForStream(RunningGraph.Of(snapshots, snapshot, config.Inference.Precision), snapshot);
        var state = new ServiceState(time) { Snapshot = snapshot, Provider = running.Provider };
        await readOut.RunAsync(running, buffer);

        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { ApplicationName = "edge" });
        var services = builder.Services;
        settings.AddLogging(builder.Logging);
        services.Configure<HostOptions>(options =>
        {
            options.ServicesStartConcurrently = true;
            options.ServicesStopConcurrently = true; // One after another, a stage would wait for one that has stopped reading.
            options.ShutdownTimeout = s_shutdown;
        });
        services.AddSingleton<IHostLifetime, QuietLifetime>().AddSystemd();

        var drift = DriftRecord.Open(data.Drift, config, sensor.Channels, snapshot, out string driftProblem);
        var driftReference = DriftRecord.OpenReference(data.DriftReference, config, shape.ValueCount, out string referenceProblem);
        if (driftProblem.Length == 0) driftProblem = referenceProblem;
        var blocks = new SampleBlockPool(sensor.Channels.Count, sensor.BlockCapacity);
        var windows = new WindowPool(shape);
        double samplesPerSecond = sensor.SampleRateHz * config.Sensor.Speed; // By the clock.
        services.AddSingleton(config).AddSingleton(config.Sensor).AddSingleton(config.Inference).AddSingleton(settings.Updates).AddSingleton(new LiveConfig(config, () => settings.Active.With(settings.Updates.Machine.Good).Verdict.Config)).AddSingleton(data).AddSingleton(time).AddSingleton(request)
            .AddSingleton(buffer).AddSingleton(providers).AddSingleton(shapes).AddSingleton(snapshots).AddSingleton(folders).AddSingleton(slot).AddSingleton(readOut).AddSingleton(state).AddSingleton(sensor)
            .AddSingleton(blocks).AddSingleton(windows).AddSingleton(new Flows(config.Sensor.Speed == 0, state, blocks, windows, samplesPerSecond / sensor.BlockCapacity, samplesPerSecond / config.Window.Stride))
            .AddSingleton(new Windower(shape, config.Window.Stride, (ulong)time.GetUtcNow().ToUnixTimeMilliseconds() * 1000)) // Grows over restarts, and is exact in a JSON number.
            .AddSingleton(new WindowRing(config.Window.RingCapacity, shape)).AddSingleton(new LabelledWindowSet(config.Window.RingCapacity))
            .AddSingleton(provider => new LabelAsking(
                config.Labels, new HourlyBudget(config.Labels.RequestsPerHour, time), provider.GetRequiredService<WindowRing>(), provider.GetRequiredService<LabelledWindowSet>(),
                samplesPerSecond > 0 ? config.Window.Stride / samplesPerSecond : 0, time))
            .AddSingleton(new SourceLabels(config.Labels.SourceShare, config.Labels.SourceDelaySeconds, config.Sensor.Seed)).AddSingleton(config.Labels.Classes).AddSingleton(names)
            .AddSingleton(config.Labels).AddSingleton<DriftResponse>().AddSingleton<Func<DriftEvent, DriftAction>>(provider => provider.GetRequiredService<DriftResponse>().To).AddSingleton(drift).AddSingleton(driftReference).AddSingleton<DriftAlarms>().AddSingleton(shape)
            .AddSingleton(new MemoryRecord(data.Forgetting, names)).AddSingleton(new FirstGraph(data.FirstGraph, snapshots)).AddSingleton<AnchorWatch>().AddSingleton<RoundGate>().AddSingleton<RoundSchedule>().AddSingleton<FaultRecord>().AddSingleton<TrainingRound>().AddSingleton<PrecisionAtStart>()
            .AddSingleton<ServiceReadings>().AddSingleton<StreamRecorder>().AddSingleton<IStreamObserver>(provider => provider.GetRequiredService<StreamRecorder>());

        // Consumers first: with concurrent start the order hardly matters, but a tap that opens into a pipe reads better than one that opens into the air.
        AddTelemetry(services, settings);
        services.AddHostedService<TrialStage>();
        services.AddHostedService<LearningStage>().AddHostedService<ExampleStage>().AddHostedService<LabellingStage>().AddHostedService<DriftRecord>()
            .AddHostedService<ClassifierStage>().AddHostedService<WindowingStage>().AddHostedService<SensorStage>();
        if (settings.LiveView) services.AddHostedService<LiveViewStage>().AddSingleton(settings.Events);

        using var host = builder.Build();
        if (driftProblem.Length > 0) ServiceLog.DriftBegunAnew(host.Services.GetRequiredService<ILoggerFactory>().CreateLogger("Edge.Runtime.Start"), driftProblem);
        if (pinProblem.Length > 0) ServiceLog.PinNotRun(host.Services.GetRequiredService<ILoggerFactory>().CreateLogger("Edge.Runtime.Start"), pinProblem, snapshot.Id);
        Announce(host.Services, known, kept.Contains(snapshot.Id), snapshot, snapshots, buffer, running, config.Inference.Precision);
        using var meter = new DeviceMeter(Product.Version, host.Services.GetRequiredService<ServiceReadings>().Take, time);
        using var export = MetricsExport.Start(Ecosystem.ExportOf(config, DeviceIdOf(config)));
        await host.StartAsync(stopping);
        settings.Started();
        await host.WaitForShutdownAsync(stopping);
        request.Gap.Stopped(state.WindowTicks?.Latest);
        var recorder = host.Services.GetRequiredService<StreamRecorder>();
        return new ServiceOutcome(recorder.Summary ?? RunSummary.Of(state, buffer.Counts, config, before, slot.LatestName), recorder.Summary is not null, host.Services.GetRequiredService<FaultRecord>().First);
    }

    private static void AddTelemetry(IServiceCollection services, ServiceSettings settings)
    {
        var config = settings.Active.Verdict.Config!;
        var topics = new Topics(config.Telemetry.TopicRoot, DeviceIdOf(config));
        string bootId = Guid.NewGuid().ToString("N")[..12];
        services.AddSingleton(provider => new DesiredConfig(settings.Updates, settings.Active, provider.GetRequiredService<LiveConfig>(), provider.GetRequiredService<RunRequest>(), new UpdateSurroundings
        {
            DeviceId = topics.DeviceId,
            BrokerIsLoopback = provider.GetService<MqttLink>()?.IsLoopback ?? false,
            AccuracyPercent = () => provider.GetRequiredService<ServiceState>().AnchorAccuracyPercent,
            Tell = provider.GetRequiredService<Reporter>().ConfigReported,
            WhyNotPinned = wanted => PinnedSnapshot.WhyNot(wanted, settings.Data.Snapshots),
        }));
        services.AddSingleton(provider => new SnapshotIntake(settings.Data.Incoming, Intake(provider, settings, topics.DeviceId), TimeProvider.System));
        if (config.Updates.AcceptSnapshots) services.AddHostedService<SnapshotIntakeStage>();
        if (config.Telemetry.Broker == "none")
        {
            services.AddSingleton(new Reporter(topics, bootId, TimeProvider.System, _ => { }));
            return;
        }

        services.AddSingleton(provider => new MqttLink(
            BrokerOf(settings, $"edge-{topics.DeviceId}") with
            {
                QueueCapacity = config.Telemetry.QueueCapacity,
                QueueBytes = config.Telemetry.QueueKiB * 1024L,
                QueueAge = TimeSpan.FromHours(config.Telemetry.QueueHours),
                InFlightWindow = config.Telemetry.InFlightWindow,
                Outbox = new OutboxOptions { Path = settings.Data.OutboxFile },
                LastWill = Reporter.LastWill(topics, bootId, TimeProvider.System),
                Subscriptions = config.Updates.AcceptSnapshots ? [.. topics.Inbound, .. topics.InboundSnapshots] : topics.Inbound,
            },
            provider.GetRequiredService<ILogger<MqttLink>>(),
            TimeProvider.System,
            new Random()));
        services.AddSingleton(topics);
        services.AddSingleton(provider => new Reporter(topics, bootId, TimeProvider.System, provider.GetRequiredService<MqttLink>().SendAsync));
        services.AddHostedService<TelemetryStage>();
        Ecosystem.AddTo(services, settings, topics.DeviceId, clientId => BrokerOf(settings, clientId));
    }

    /// <summary>Where the broker is and how the device speaks to it.</summary>
    private static MqttLinkOptions BrokerOf(ServiceSettings settings, string clientId)
    {
        var telemetry = settings.Active.Verdict.Config!.Telemetry;
        return new MqttLinkOptions
        {
            Host = settings.Broker is null ? telemetry.Host : EmbeddedBroker.Host,
            Port = settings.Broker?.Port ?? telemetry.Port,
            User = settings.Broker is null ? telemetry.User : "",
            PasswordFile = settings.Broker is null ? telemetry.PasswordFile : "",
            ClientId = clientId,
            KeepAlive = TimeSpan.FromSeconds(telemetry.KeepAliveSeconds),
            Protocol = telemetry.Protocol == "5" ? MqttProtocol.V5 : MqttProtocol.V311,
            Tls = settings.Broker is null ? TlsOf(telemetry.Tls) : null,
        };
    }

    private static IntakeSurroundings Intake(IServiceProvider provider, ServiceSettings settings, string deviceId)
    {
        var (live, state, reporter) = (provider.GetRequiredService<LiveConfig>(), provider.GetRequiredService<ServiceState>(), provider.GetRequiredService<Reporter>());
        var log = provider.GetRequiredService<ILoggerFactory>().CreateLogger("Edge.Runtime.Snapshots");
        return new IntakeSurroundings
        {
            Facts = () => new OfferFacts(deviceId, live.Current, settings.Updates.Keys, provider.GetRequiredService<WindowShape>(), settings.Updates.Clock),
            RunningGraph = () => state.Snapshot?.Files.GetValueOrDefault(SnapshotStore.ModelFileName),
            Ask = reporter.SnapshotRequest,
            Refuse = (offer, reasons) =>
            {
                ServiceLog.OfferRefused(log, offer?.Manifest.Id ?? "?", string.Join("; ", reasons));
                reporter.Snapshot(new SnapshotMessage
                {
                    Event = SnapshotEvent.Refused,
                    SnapshotId = state.Snapshot!.Id,
                    ParentId = state.Snapshot.ParentId,
                    Round = state.Snapshot.Round,
                    CandidateId = offer?.Manifest.Id,
                    Reasons = [.. reasons.Select(reason => reason.Text)],
                    Codes = [.. reasons.Select(reason => reason.Word)],
                });
            },
        };
    }

    private static MqttTlsOptions? TlsOf(TlsSection tls) => tls.Mode == "off"
        ? null
        : new MqttTlsOptions { CaFile = tls.CaFile, CertificateFile = tls.ClientCertificateFile, KeyFile = tls.ClientKeyFile, CheckHostName = tls.CheckHostName };

    /// <summary>Says what the service found when it started.</summary>
    private static void Announce(IServiceProvider services, SnapshotManifest? known, bool restored, SnapshotManifest snapshot, SnapshotStore snapshots, ReplayBuffer buffer, Classifier running, string wantedPrecision)
    {
        string precision = running.Precision;
        var log = services.GetRequiredService<ILoggerFactory>().CreateLogger("Edge.Runtime.Start");
        var reporter = services.GetRequiredService<Reporter>();
        var counts = buffer.Counts;
        ServiceLog.Started(log, restored ? "restored" : "initial", snapshot.Id, running.Provider, counts.ReplayCount, counts.AnchorCount, counts.FreshCount);
        if (wantedPrecision != "float32") ServiceLog.Precision(log, wantedPrecision, precision);
        ProviderWatch.Begin(services.GetRequiredService<ProviderChain>(), log);
        foreach (string damaged in snapshots.Damaged) ServiceLog.SnapshotDamaged(log, damaged);
        if (buffer.Recovery is { } made) TellRestored(made);
        buffer.Restored += TellRestored;
        if (counts.CorruptCount > 0) ServiceLog.RecordsCorrupt(log, counts.CorruptCount);
        var readOut = services.GetRequiredService<ReadOut>();
        if (known is not null && known.Window != snapshot.Window) ServiceLog.OtherWindows(log, known.Id, known.Window, snapshot.Window, snapshot.Id);
        if (readOut.OtherShapeCount > 0) ServiceLog.ExamplesOfOtherWindows(log, readOut.OtherShapeCount, snapshot.Window);
        TellBegunAnew("readout.json", readOut.ChoiceProblem, "the anchors choose which branches vote after the next round.");
        TellBegunAnew("forgetting.json", services.GetRequiredService<MemoryRecord>().Problem, "how well each class was ever remembered is measured from now on.");
        TellBegunAnew("shapes.json", services.GetRequiredService<ShapeHistory>().Problem, "of examples from before a change of the window only the number of values is known.");
        if (readOut.StatisticsProblem.Length > 0) ServiceLog.StatisticsBegunAnew(log, readOut.FrozenCounted?.Count ?? 0, readOut.StatisticsProblem);
        reporter.Snapshot(new SnapshotMessage
        {
            Event = restored ? SnapshotEvent.Restored : SnapshotEvent.Initial,
            SnapshotId = snapshot.Id,
            ParentId = snapshot.ParentId,
            Round = snapshot.Round,
            AnchorAccuracyPercent = snapshot.AnchorAccuracy,
            ReadOut = services.GetRequiredService<ReadOutSlot>().LatestName,
            Precision = wantedPrecision == "float32" ? null : precision,
            Novelty = services.GetRequiredService<ReadOutSlot>().LatestFor(snapshot.Id)?.Weights.Calibration?.ToMessage(),
        });

        void TellBegunAnew(string file, string problem, string cost)
        {
            if (problem.Length > 0) ServiceLog.NoteBegunAnew(log, file, problem, cost);
        }

        void TellRestored(ReplayRecovery made)
        {
            ServiceLog.BufferRestored(log, made.PutAside, made.Reason, made.SalvagedCount, made.FromCopyCount, made.Loss);
            reporter.Replay(new ReplayMessage
            {
                Event = ReplayEvent.Restored,
                Reason = made.Reason,
                PutAside = Path.GetFileName(made.PutAside),
                SalvagedCount = made.SalvagedCount,
                FromCopyCount = made.FromCopyCount,
                Copy = made.Copy,
                LeastLostCount = made.LeastLostCount,
                LostCount = made.LostCount,
            });
        }
    }

    private static string DeviceIdOf(DeviceConfig config)
    {
        string id = config.Device.Id.Length > 0 ? config.Device.Id : Environment.MachineName;
        return new string([.. id.Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-' ? c : '-')]);
    }

    /// <summary>The replay buffer's options as the configuration has them.</summary>
    public static ReplayBufferOptions OptionsOf(DeviceConfig config) => new()
    {
        Capacity = config.Replay.Capacity,
        CapacityBytes = config.Replay.CapacityKiB > 0 ? config.Replay.CapacityKiB * 1024L : long.MaxValue,
        Policy = Enum.Parse<RetentionKind>(config.Replay.Policy, ignoreCase: true),
        SegmentSeconds = config.Replay.SegmentSeconds,
        Payload = Enum.Parse<PayloadKind>(config.Replay.Payload, ignoreCase: true),
        WindowLength = config.Window.Length,
        AnchorCapacity = config.Replay.AnchorCapacity,
        AnchorShare = config.Replay.AnchorShare,
        AnchorBlockSeconds = config.Replay.AnchorBlockSeconds,
        WindowSeconds = config.Window.Length / config.Sensor.SampleRateHz,
        FreshCapacity = config.Replay.FreshCapacity,
        Seed = config.Replay.Seed,
        Names = ClassNames.Of(config.Labels.Renamed),
        CopyCount = config.Replay.KeepCopies,
        CopyInterval = TimeSpan.FromMinutes(config.Replay.CopyMinutes),
    };

    private sealed class QuietLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}

/// <summary>What a run of the service needs.</summary>
public sealed record ServiceSettings
{
    /// <summary>The configuration; valid.</summary>
    public required RunningConfig Active { get; init; }

    /// <summary>What came over the air, and what of it is believed.</summary>
    public required UpdateState Updates { get; init; }

    /// <summary>The folder it holds.</summary>
    public required DataDirectory Data { get; init; }

    /// <summary>The broker in this process; null when the config names another or none.</summary>
    public required EmbeddedBroker? Broker { get; init; }

    /// <summary>Whether the terminal shows the live view.</summary>
    public required bool LiveView { get; init; }

    /// <summary>The latest log lines, for the live view.</summary>
    public required RecentEvents Events { get; init; }

    /// <summary>Where log lines go.</summary>
    public required Action<ILoggingBuilder> AddLogging { get; init; }

    /// <summary>Called once every stage has begun.</summary>
    public Action Started { get; init; } = () => { };
}

/// <summary>How a run ended.</summary>
/// <param name="Summary">What it came to.</param>
/// <param name="StreamEnded">Whether a recorded stream came to its end.</param>
/// <param name="Fault">The bug that ended it; null when none did.</param>
public sealed record ServiceOutcome(RunSummary Summary, bool StreamEnded, string? Fault);
