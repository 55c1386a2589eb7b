using System.Diagnostics;
using System.Text.Json;
using Edge.Trainer.Backbones;
using Edge.Trainer.Methods;
using static TorchSharp.torch;

namespace Edge.Trainer.Rounds;

/// <summary>
/// Runs a training round: a pure function from the folder's files to its <c>candidate</c> folder. With a candidate that holds <c>model.onnx</c>, <c>model.checkpoint</c>, <c>parity.bin</c> and
/// <c>report.json</c>; an abandoned round leaves <c>report.json</c> alone. The folder appears by rename when all is on the medium; a round that was killed starts over.
/// </summary>
public static class RoundRunner
{
    private const int ParityCount = 8;
    private static readonly TimeSpan s_reportInterval = TimeSpan.FromMilliseconds(200);

    /// <summary>Runs the round. A folder whose candidate is already complete is left as it is.</summary>
    /// <param name="folder">Holds <c>plan.json</c>; for <see cref="RoundKind.FineTune"/> also <c>samples.bin</c> and <c>parent.checkpoint</c>.</param>
    /// <param name="export">The ONNX file of a network, which it gets in evaluation mode.</param>
    /// <param name="report">Gets the progress, at most five times a second and after the last step.</param>
    /// <param name="cancel">Checked before every step.</param>
    /// <param name="time">Clock of the report; the system's by default.</param>
    /// <returns>What <c>report.json</c> says.</returns>
    /// <exception cref="InvalidDataException">A file of the folder is torn, foreign, or does not fit the others; the message names it.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; there is no candidate.</exception>
    public static RoundReport Run(RoundFolder folder, Func<LearnerNet, RoundPlan, byte[]> export, Action<RoundProgress> report, CancellationToken cancel, TimeProvider? time = null)
    {
        if (File.Exists(folder.ReportFile)) return folder.ReadReport();
        time ??= TimeProvider.System;
        long started = time.GetTimestamp();
        var unfinished = new UnfinishedCandidate(folder);
        var plan = folder.ReadPlan();
        int seed = plan.Training.Seed + plan.Round;
        KeptPages.Keep();
        set_num_threads(plan.Training.ThreadCount == 0 ? Environment.ProcessorCount : plan.Training.ThreadCount);
        manual_seed(seed);

        using var scope = NewDisposeScope();
        using var method = MethodCatalogue.Create(plan.Training);
        var samples = plan.Kind == RoundKind.FineTune ? ReadSamples(folder, plan) : null;
        using var net = samples is null ? new LearnerNet(new TscilCnn(plan.Window.ChannelCount), plan.Classes, method.Head) : ReadParent(folder, plan, method);
        if (plan.Window.Length < net.Backbone.MinimumLength)
            throw new InvalidDataException($"{folder.PlanFile} asks for windows of {plan.Window.Length} samples; {net.Backbone.GetName()} takes {net.Backbone.MinimumLength} or more. Set window.length.");

        var outcome = samples is null
            ? new TrainingOutcome(0, 0, 0, null)
            : Train(net, method, samples, plan, seed, Throttled(plan.Round, report, time), cancel);
        net.eval();
        if (outcome.AbandonedBecause is null)
        {
            unfinished.Write(folder.CheckpointFile, LearnerCheckpoint.ToBytes(net, new MethodState(plan.Training.Method, plan.Classes, method.State())));
            unfinished.Write(folder.ModelFile, export(net, plan));
            unfinished.Write(folder.ParityFile, Parity(net, plan, samples, seed).ToBytes());
        }

        int freshCount = samples?.IsFresh.Count(isFresh => isFresh) ?? 0;
        var result = new RoundReport
        {
            Round = plan.Round,
            HasCandidate = outcome.AbandonedBecause is null,
            AbandonedBecause = outcome.AbandonedBecause,
            StepCount = outcome.StepCount,
            FirstEpochLoss = Finite(outcome.FirstEpochLoss),
            LastEpochLoss = Finite(outcome.LastEpochLoss),
            FreshCount = freshCount,
            ReplayCount = (samples?.Count ?? 0) - freshCount,
            EmbeddingLength = net.Backbone.EmbeddingLength,
            Seconds = time.GetElapsedTime(started).TotalSeconds,
            PeakRssMiB = Process.GetCurrentProcess().PeakWorkingSet64 / (1024.0 * 1024.0),
        };
        unfinished.Write(folder.ReportFile, JsonSerializer.SerializeToUtf8Bytes(result, RoundFolder.Json));
        unfinished.Complete();
        return result;
    }

    private static TrainingOutcome Train(
        LearnerNet net, TrainingMethod method, RoundSamples samples, RoundPlan plan, int seed, Action<int, int, double> report, CancellationToken cancel)
    {
        using var pool = new TrainingPool(samples);
        var memory = new RoundMemory(seed);
        foreach (int i in Enumerable.Range(0, samples.Count).Where(i => !samples.IsFresh[i])) memory.Offer(i, samples.Classes[i]);
        return new TrainingLoop(plan.Training, method, seed).Train(new TrainingOrder
        {
            Net = net,
            Pool = pool,
            Fresh = [.. Enumerable.Range(0, samples.Count).Where(i => samples.IsFresh[i])],
            Memory = memory,
            Report = report,
            Cancel = cancel,
        });
    }

    private static RoundSamples ReadSamples(RoundFolder folder, RoundPlan plan)
    {
        var samples = RoundSamples.FromBytes(File.ReadAllBytes(folder.SamplesFile), plan.Window.SampleRateHz);
        if (samples.Window != plan.Window) throw new InvalidDataException($"{folder.SamplesFile} holds windows {samples.Window}, {folder.PlanFile} says {plan.Window}. Start the round anew.");
        int foreign = samples.Classes.AsSpan().IndexOfAnyExceptInRange(0, plan.Classes.Count - 1);
        if (foreign >= 0)
            throw new InvalidDataException($"{folder.SamplesFile}: sample {foreign} is of class {samples.Classes[foreign]}, {folder.PlanFile} names {plan.Classes.Count}. Start the round anew.");
        return samples;
    }

    /// <summary>The parent's weights, with the method's kind of head, and into the method what it remembered when the parent was its own.</summary>
    private static LearnerNet ReadParent(RoundFolder folder, RoundPlan plan, TrainingMethod method)
    {
        var net = LearnerCheckpoint.Read(folder.ParentCheckpointFile, plan.Classes, method.Trains ? method.Head : null);
        using (var remembered = LearnerCheckpoint.ReadMethodState(folder.ParentCheckpointFile))
        {
            if (remembered?.Fits(plan.Training.Method, plan.Classes) == true) method.Restore(remembered.Tensors);
        }

        if (net.Backbone.ChannelCount == plan.Window.ChannelCount) return net;
        int channelCount = net.Backbone.ChannelCount;
        net.Dispose();
        throw new InvalidDataException($"{folder.ParentCheckpointFile} takes {channelCount} channels, {folder.PlanFile} says {plan.Window.ChannelCount}. A changed sensor needs a first snapshot of its own.");
    }

    private static Action<int, int, double> Throttled(int round, Action<RoundProgress> report, TimeProvider time)
    {
        long? last = null;
        return (step, stepCount, loss) =>
        {
            long now = time.GetTimestamp();
            if (last is { } before && step < stepCount && time.GetElapsedTime(before, now) < s_reportInterval) return;
            last = now;
            report(new RoundProgress(round, step, stepCount, loss));
        };
    }

    /// <summary>Windows drawn from the samples, or seeded noise when there are none, and their normalised embeddings.</summary>
    private static ParityCases Parity(LearnerNet net, RoundPlan plan, RoundSamples? samples, int seed)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var random = new Random(seed);
        Tensor windows;
        if (samples is null)
        {
            using var generator = new Generator((ulong)seed);
            windows = randn([ParityCount, plan.Window.ChannelCount, plan.Window.Length], generator: generator);
        }
        else
        {
            int[] all = [.. Enumerable.Range(0, samples.Count)];
            random.Shuffle(all);
            float[] drawn = [.. all.Take(ParityCount).SelectMany(i => samples.Values.AsSpan(i * plan.Window.ValueCount, plan.Window.ValueCount).ToArray())];
            windows = tensor(drawn, [drawn.Length / plan.Window.ValueCount, plan.Window.ChannelCount, plan.Window.Length]);
        }

        var embeddings = nn.functional.normalize(net.Backbone.forward(windows), 2, 1);
        return new ParityCases(windows.data<float>().ToArray(), embeddings.data<float>().ToArray(), (int)windows.shape[0]);
    }

    private static double Finite(double value) => double.IsFinite(value) ? value : 0; // JSON has no NaN; the reason says what it was.
}
