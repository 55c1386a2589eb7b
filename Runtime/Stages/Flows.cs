using System.Threading.Channels;
using Edge.Runtime.Inference;
using Edge.Runtime.Labelling;
using Edge.Runtime.Sensors;
using Edge.Runtime.Windowing;
using Edge.Storage;

namespace Edge.Runtime.Stages;

/// <summary>
/// Every queue of the pipeline, with its capacity, what happens when it is full, and why (the queue to the broker is the link's own: telemetry.queueCapacity, oldest event dropped and counted). With a lossless stream (sensor.speed 0) nothing is ever dropped: every queue waits, and the
/// sensor with it.
/// </summary>
public sealed class Flows
{
    /// <summary>A live stream may outrun its readers for so long, by the clock, before anything of it is dropped: more than a collection of garbage, a swap or a neighbour on the same cores costs.</summary>
    private const double PauseSeconds = 2;

    /// <summary>Most that a queue holds for that, so that a fast sensor costs no more than a few MiB.</summary>
    private const int MostHeld = 256;

    /// <summary>Creates the queues.</summary>
    /// <param name="lossless">Whether every queue waits.</param>
    /// <param name="state">Where what is dropped is counted.</param>
    /// <param name="blocks">Where dropped blocks go.</param>
    /// <param name="windows">Where dropped windows go.</param>
    /// <param name="blocksPerSecond">How many blocks the sensor brings, by the clock; 0: unknown, or as fast as they are read.</param>
    /// <param name="windowsPerSecond">How many windows are cut; the same.</param>
    public Flows(bool lossless, ServiceState state, SampleBlockPool blocks, WindowPool windows, double blocksPerSecond = 0, double windowsPerSecond = 0)
    {
        Lossless = lossless;
        var live = lossless ? BoundedChannelFullMode.Wait : BoundedChannelFullMode.DropOldest;
        Blocks = Channel.CreateBounded<SampleBlock>(
            new BoundedChannelOptions(CapacityFor(blocksPerSecond, 64)) { FullMode = live, SingleReader = true, SingleWriter = true }, // A sensor cannot wait, and fresh beats complete.
            dropped =>
            {
                InFlight.Leave();
                blocks.Return(dropped); // The windower sees the gap and counts the windows that it costs.
            });
        Windows = Channel.CreateBounded<Window>(
            new BoundedChannelOptions(CapacityFor(windowsPerSecond, 8)) { FullMode = live, SingleReader = true, SingleWriter = true }, // Same.
            dropped =>
            {
                InFlight.Leave();
                state.CountDroppedWindows(1);
                windows.Return(dropped);
            });
        Predictions = Channel.CreateBounded<Prediction>(
            new BoundedChannelOptions(CapacityFor(windowsPerSecond, 32)) { FullMode = live, SingleReader = true }, // Labelling must never stall inference.
            _ =>
            {
                InFlight.Leave();
                state.CountDroppedPrediction();
            });
        Labels = Channel.CreateBounded<LabelRequest>(new BoundedChannelOptions(256) { FullMode = BoundedChannelFullMode.Wait, SingleReader = true });       // Labels are the scarcest thing here.
        Examples = Channel.CreateBounded<PendingExample>(new BoundedChannelOptions(256) { FullMode = BoundedChannelFullMode.Wait, SingleReader = true });   // Same.
        Handovers = Channel.CreateBounded<Handover>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.Wait, SingleReader = true });          // The learner waits until what it brings has been taken over.
        RoundDue = Channel.CreateBounded<string>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.Wait, SingleReader = true });             // A level, not a queue: nobody waits here, a second request is told that there is one.
        ExamDue = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.Wait, SingleReader = true });                // The same.
    }

    /// <summary>Whether every queue waits.</summary>
    public bool Lossless { get; }

    /// <summary>
    /// When <paramref name="stopping"/> is cancelled, the queues from the sensor to labelling end, and whoever waits at one gets an <see cref="OperationCanceledException"/>. Those who read and write them call this
    /// once and then wait with <see cref="CancellationToken.None"/>: a wait that has a token of its own allocates.
    /// </summary>
    public CancellationTokenRegistration EndWith(CancellationToken stopping) => stopping.Register(() =>
    {
        var stopped = new OperationCanceledException(stopping);
        Blocks.Writer.TryComplete(stopped);
        Windows.Writer.TryComplete(stopped);
        Predictions.Writer.TryComplete(stopped);
    });

    /// <summary>Places of a queue that takes up a pause at that rate.</summary>
    private static int CapacityFor(double perSecond, int least) => Math.Clamp((int)Math.Min(Math.Ceiling(perSecond * PauseSeconds), MostHeld), least, MostHeld);

    /// <summary>How much is under way in the first four queues and between them.</summary>
    public InFlight InFlight { get; } = new();

    /// <summary>Sensor to windower.</summary>
    public Channel<SampleBlock> Blocks { get; }

    /// <summary>Windower to classifier.</summary>
    public Channel<Window> Windows { get; }

    /// <summary>Classifier to labelling.</summary>
    public Channel<Prediction> Predictions { get; }

    /// <summary>MQTT and recorded truth to labelling.</summary>
    public Channel<LabelRequest> Labels { get; }

    /// <summary>Labelling to the replay buffer.</summary>
    public Channel<PendingExample> Examples { get; }

    /// <summary>An accepted snapshot, or the end of a round, from the learner to the owner of the read-out.</summary>
    public Channel<Handover> Handovers { get; }

    /// <summary>Why a round is due; written through <see cref="Learning.RoundGate"/>.</summary>
    public Channel<string> RoundDue { get; }

    /// <summary>The running snapshot is to be examined on the anchor set: a configuration on trial has taken effect without a restart.</summary>
    public Channel<bool> ExamDue { get; }
}

/// <summary>A labelled window on its way to the disk.</summary>
/// <param name="Request">The label.</param>
/// <param name="Window">The window it found.</param>
public sealed record PendingExample(LabelRequest Request, KeptWindow Window);

/// <summary>What the learner gives to the owner of the read-out.</summary>
/// <param name="Done">Completes when it has been taken over; fails when the disk refused.</param>
public abstract record Handover(TaskCompletionSource Done);

/// <summary>A snapshot that passed the gate, with everything that its read-out needs.</summary>
/// <param name="Snapshot">Its manifest.</param>
/// <param name="Running">The session that the classifier stage will own.</param>
/// <param name="Encoder">The session with which the example stage encodes labelled windows.</param>
/// <param name="Bank">Prototypes of the replay buffer, in the new snapshot's embedding.</param>
/// <param name="Learned">Statistics of the same embeddings.</param>
/// <param name="Frozen">Statistics of the replay buffer's frozen features, where the new snapshot's are other features than the running one's; else null.</param>
/// <param name="Blend">What the anchors chose for it.</param>
/// <param name="Done">Completes when the read-out has been switched.</param>
public sealed record Adoption(
    SnapshotManifest Snapshot, Classifier Running, Classifier Encoder, PrototypeBank Bank, ClassStatistics Learned, ClassStatistics? Frozen, ReadOutBlend Blend, TaskCompletionSource Done)
    : Handover(Done), IDisposable
{
    /// <summary>Closes both sessions: nobody took them over.</summary>
    public void Dispose()
    {
        Running.Dispose();
        Encoder.Dispose();
    }
}

/// <summary>The running snapshot in other numbers.</summary>
/// <param name="Running">The session that the classifier stage will own.</param>
/// <param name="Done">Completes when it has been left for it.</param>
public sealed record Rerun(Classifier Running, TaskCompletionSource Done) : Handover(Done), IDisposable
{
    /// <summary>Closes the session: nobody took it over.</summary>
    public void Dispose() => Running.Dispose();
}

/// <summary>The replay buffer is to keep less, or more, than it does.</summary>
/// <param name="Capacities">What it keeps.</param>
/// <param name="Done">Completes when it does.</param>
public sealed record Resize(ReplayBufferOptions Capacities, TaskCompletionSource Done) : Handover(Done);

/// <summary>A round begins that a confirmed drift has started.</summary>
/// <param name="Share"><c>readOut.driftDiscount</c>: what everything counted so far weighs from now on.</param>
/// <param name="Done">Completes when the read-out has been solved anew.</param>
public sealed record Discounting(double Share, TaskCompletionSource Done) : Handover(Done);

/// <summary>A round is over.</summary>
/// <param name="ThroughId">The newest example that it used.</param>
/// <param name="SnapshotId">The snapshot for which <paramref name="Blend"/> was chosen.</param>
/// <param name="Blend">What the anchors chose for the running snapshot; null: what it has.</param>
/// <param name="Done">Completes when the examples have been let go.</param>
public sealed record Settlement(ulong ThroughId, string SnapshotId, ReadOutBlend? Blend, TaskCompletionSource Done) : Handover(Done);
