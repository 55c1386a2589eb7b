using System.Diagnostics;
using System.Text.Json;
using Edge.Trainer.Backbones;
using Edge.Trainer.Methods;
using static TorchSharp.torch;

namespace Edge.Trainer.Rounds;

/// <summary>
/// Runs a training round: a pure function from the folder's files to its <c>candidate</c> folder. With a candidate that holds <c>model.onnx</c>, <c>model.checkpoint</c>, <c>parity.bin</c> and
/// <c>report.json</c>; an abandoned round leaves <c>report.json</c> alone. The folder appears by rename when all is on the medium; a round that was killed goes on from <c>progress.checkpoint</c>, where
/// there is one.
/// </summary>
public static class RoundRunner
{
    private const int ParityCount = 8;
    private static readonly TimeSpan s_reportInterval = TimeSpan.FromMilliseconds(200);

    /// <summary>Runs the round. A folder whose candidate is already complete is left as it is.</summary>
    /// <param name="folder">Holds <c>plan.json</c>; for <see cref="RoundKind.FineTune"/> also <c>samples.bin</c> and <c>parent.checkpoint</c>, and <c>anchors.bin</c> where there is an anchor set.</param>
    /// <param name="export">The ONNX file of a network, which it gets in evaluation mode, with how its weights came about.</param>
    /// <param name="report">Gets the progress, at most five times a second and after the last step.</param>
    /// <param name="cancel">Checked before every step.</param>
    /// <param name="time">Clock of the report; the system's by default.</param>
    /// <returns>What <c>report.json</c> says.</returns>
    /// <exception cref="InvalidDataException">A file of the folder is torn, foreign, or does not fit the others; the message names it.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; there is no candidate.</exception>
    public static RoundReport Run(RoundFolder folder, Func<LearnerNet, RoundPlan, TrainingSummary, byte[]> export, Action<RoundProgress> report, CancellationToken cancel, TimeProvider? time = null)
    {
        if (File.Exists(folder.ReportFile))
        {
            File.Delete(folder.ProgressFile); // Killed between the two.
            return folder.ReadReport();
        }

        time ??= TimeProvider.System;
        long started = time.GetTimestamp();
        var unfinished = new UnfinishedCandidate(folder);
        var plan = folder.ReadPlan();
        int seed = plan.Training.Seed + plan.Round;
        KeptPages.Keep();
        set_num_threads(plan.Training.ThreadCount == 0 ? Environment.ProcessorCount : plan.Training.ThreadCount);
        manual_seed(seed);
        var device = TrainingDevice.Choose(plan.Training);
        var progress = new ProgressFile(folder, plan.Training.CheckpointSeconds > 0 ? TimeSpan.FromSeconds(plan.Training.CheckpointSeconds) : null, time);

        using var scope = NewDisposeScope();
        using var method = MethodCatalogue.Create(plan.Training);
        var samples = plan.Kind == RoundKind.FineTune ? ReadSamples(folder.SamplesFile, folder, plan) : null;
        var anchors = samples is not null && File.Exists(folder.AnchorsFile) ? ReadSamples(folder.AnchorsFile, folder, plan) : null;
        string? beganAnew = null;
        using var net = samples is null ? NewNet(plan, method) : ReadParent(folder, plan, method, out beganAnew);
        if (beganAnew is not null) samples = samples! with { IsFresh = Array.ConvertAll(samples.IsFresh, _ => true) }; // To new weights everything is new.

        if (samples is not null) Rehearse(net, plan, export);
        var outcome = samples is null
            ? new TrainingOutcome(0, 0, 0, null)
            : RoundTraining.Train(net, method, samples, plan, new RoundAttempt(anchors, device, progress, new TimeAllowance(TimeSpan.FromSeconds(plan.Training.TimeBudgetSeconds), time, started), Throttled(plan, report, time), cancel));
        net.eval();
        int freshCount = samples?.IsFresh.Count(isFresh => isFresh) ?? 0;
        if (outcome.AbandonedBecause is null)
        {
            unfinished.Write(folder.CheckpointFile, LearnerCheckpoint.ToBytes(net, new MethodState(plan.Training.Method, plan.Classes, method.State())));
            unfinished.Write(folder.ModelFile, export(net, plan, Summary(net, plan, outcome, freshCount, (samples?.Count ?? 0) - freshCount)));
            unfinished.Write(folder.ParityFile, Parity(net, plan, samples, seed).ToBytes());
        }

        var result = new RoundReport
        {
            Round = plan.Round,
            HasCandidate = outcome.AbandonedBecause is null,
            AbandonedBecause = outcome.AbandonedBecause,
            BeganAnewBecause = beganAnew,
            EndedEarly = outcome.EndedEarly,
            KeptEpoch = outcome.KeptEpoch,
            AnchorPercent = outcome.AnchorPercent,
            ResumedAtStep = outcome.ResumedAtStep,
            Device = samples is null || device.type == TorchSharp.DeviceType.CPU ? "cpu" : "cuda",
            Precision = outcome.Precision,
            MicroBatchSize = outcome.MicroBatchSize,
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
        progress.Remove();
        return result;
    }

    /// <summary>Exports what is there before the training: a network that cannot be written fails the round now and not after it; and the export that counts finds its code compiled (1 to 3 ms instead of 70 to 90 for the first one in a process).</summary>
    private static void Rehearse(LearnerNet net, RoundPlan plan, Func<LearnerNet, RoundPlan, TrainingSummary, byte[]> export)
    {
        net.eval();
        export(net, plan, new TrainingSummary { Backbone = net.Backbone.GetName() });
    }

    private static TrainingSummary Summary(LearnerNet net, RoundPlan plan, TrainingOutcome outcome, int freshCount, int replayCount) => new()
    {
        Backbone = net.Backbone.GetName(),
        Method = plan.Kind == RoundKind.FineTune ? plan.Training.Method : null,
        StepCount = outcome.StepCount,
        FirstEpochLoss = outcome.StepCount > 0 ? Math.Round(Finite(outcome.FirstEpochLoss), 6) : null,
        LastEpochLoss = outcome.StepCount > 0 ? Math.Round(Finite(outcome.LastEpochLoss), 6) : null,
        FreshCount = freshCount,
        ReplayCount = replayCount,
        KeptEpoch = outcome.KeptEpoch,
        AnchorPercent = outcome.AnchorPercent is { } percent ? Math.Round(percent, 1) : null,
    };

    private static LearnerNet NewNet(RoundPlan plan, TrainingMethod method) => new(BackboneCatalogue.CreateFor(plan.Window, plan.Training.Backbone), plan.Classes, method.Head);

    /// <summary>The parent's weights, with the method's kind of head, and into the method what it remembered when the parent was its own. New weights, and why, where the plan asks for another backbone than the parent's.</summary>
    private static LearnerNet ReadParent(RoundFolder folder, RoundPlan plan, TrainingMethod method, out string? beganAnew)
    {
        var net = LearnerCheckpoint.Read(folder.ParentCheckpointFile, plan.Classes, method.Trains ? method.Head : null);
        string known = net.Backbone.GetName();
        if (WindowProblem(folder, plan, net.Backbone) is { } problem)
        {
            net.Dispose();
            throw new InvalidDataException(problem);
        }

        // A method that trains nothing has no use for other weights.
        string wanted = method.Trains ? BackboneCatalogue.NameFor(plan.Window, plan.Training.Backbone) : known;
        beganAnew = known == wanted ? null : $"training.backbone is {plan.Training.Backbone} ({wanted}), the parent {plan.ParentId} is a {known}";
        if (beganAnew is not null)
        {
            net.Dispose();
            return NewNet(plan, method);
        }

        using var remembered = LearnerCheckpoint.ReadMethodState(folder.ParentCheckpointFile);
        if (remembered?.Fits(plan.Training.Method, plan.Classes) == true) method.Restore(remembered.Tensors);
        return net;
    }

    private static string? WindowProblem(RoundFolder folder, RoundPlan plan, Backbone parent)
    {
        if (plan.Window.Length < parent.MinimumLength && parent.FixedLength is null)
            return $"{folder.PlanFile} asks for windows of {plan.Window.Length} samples; {parent.GetName()} takes {parent.MinimumLength} or more. Set window.length.";
        if (parent.ChannelCount == plan.Window.ChannelCount && (parent.FixedLength ?? plan.Window.Length) == plan.Window.Length) return null;
        string takes = $"{parent.ChannelCount} channels{(parent.FixedLength is { } length ? $" of {length} samples" : "")}";
        return $"{folder.ParentCheckpointFile} takes {takes}, {folder.PlanFile} says {plan.Window.ChannelCount} of {plan.Window.Length}. A changed sensor or window needs a first snapshot of its own.";
    }

    private static RoundSamples ReadSamples(string file, RoundFolder folder, RoundPlan plan)
    {
        var samples = RoundSamples.FromBytes(File.ReadAllBytes(file), plan.Window.SampleRateHz, Path.GetFileName(file));
        if (samples.Window != plan.Window) throw new InvalidDataException($"{file} holds windows {samples.Window}, {folder.PlanFile} says {plan.Window}. Start the round anew.");
        int foreign = samples.Classes.AsSpan().IndexOfAnyExceptInRange(0, plan.Classes.Count - 1);
        if (foreign >= 0)
            throw new InvalidDataException($"{file}: sample {foreign} is of class {samples.Classes[foreign]}, {folder.PlanFile} names {plan.Classes.Count}. Start the round anew.");
        return samples;
    }

    private static Action<int, int, double> Throttled(RoundPlan plan, Action<RoundProgress> report, TimeProvider time)
    {
        long? last = null;
        return (step, stepCount, loss) =>
        {
            long now = time.GetTimestamp();
            if (last is { } before && step < stepCount && time.GetElapsedTime(before, now) < s_reportInterval) return;
            last = now;
            report(new RoundProgress(plan.Round, step, stepCount, loss, (step - 1) / (stepCount / plan.Training.Epochs) + 1));
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
