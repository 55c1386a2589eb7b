using Edge.Config;
using Edge.Runtime.Inference;
using Edge.Runtime.Learning;
using Edge.Runtime.Sensors;
using Edge.Storage;
using Edge.Telemetry.Forgetting;
using Microsoft.Extensions.Hosting;

namespace Edge.Runtime.Stages;

/// <summary>
/// Takes stock of a recorded stream. After each step the pipeline comes to rest (labels answered, examples durable, the round that was due over; none is forced), then the running snapshot,
/// with the read-out it runs with, is examined on people never streamed. The learner is told nothing of steps.
/// </summary>
public sealed class StreamRecorder(
    ISensor sensor, Flows flows, SnapshotStore snapshots, ReadOutSlot slot, ProviderChain providers, RoundGate rounds, ReplayBuffer buffer, ClassNames names, DeviceConfig config, ServiceState state, TimeProvider time, IHostApplicationLifetime lifetime)
    : IStreamObserver
{
    private readonly List<ExamResult> afterStep = [];
    private readonly ReplayCounts before = buffer.Counts;

    /// <summary>What came of it; null until the stream has ended.</summary>
    public RunSummary? Summary { get; private set; }

    /// <inheritdoc/>
    public async Task StepEndedAsync(int step, CancellationToken cancel)
    {
        // The last step's late labels will not be pulled by later windows; this carries stream time past all of them.
        if (step == sensor.StepCount - 1)
        {
            await RestAsync(cancel);
            flows.InFlight.Enter();
            await flows.Predictions.Writer.WriteAsync(new Prediction(0, double.PositiveInfinity, Prediction.Unknown, 0, 0, null), cancel);
        }

        await RestAsync(cancel);
        var current = snapshots.Current! with { Classes = config.Labels.Classes };
        using var classifier = providers.Open(new GraphFile(snapshots.ModelFile(current)), current, AnchorExam.BatchSize);
        var people = new UciHarPeople(config.Sensor);
        var perClass = new Dictionary<string, (int Right, int Count)>(StringComparer.Ordinal);
        var unknownPerClass = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var classes in Enumerable.Range(0, sensor.StepCount).Select(sensor.ClassesOf))
        {
            // Two classes at a time: the service has a memory budget, and a test split is large; so is what the stream has read, of which the next step will be read when this one has been let go.
            NativeMemory.Release();
            var exam = AnchorExam.Examine(classifier, slot.LatestFor(current.Id)!.Weights, config.Inference, Pairs(people.JudgedOn(classes)));
            foreach (var (name, answers) in exam.PerClass) perClass.Add(name, answers);
            foreach (var (name, count) in exam.UnknownPerClass) unknownPerClass.Add(name, count);
        }

        afterStep.Add(new ExamResult(perClass) { UnknownPerClass = unknownPerClass });
        NativeMemory.Release();
    }

    /// <inheritdoc/>
    public Task StreamEndedAsync(CancellationToken cancel)
    {
        int steps = afterStep.Count;
        double[,] accuracy = new double[steps, steps];
        for (int i = 0; i < steps; i++)
        {
            for (int j = 0; j < steps; j++) accuracy[i, j] = Mean(afterStep[i], ClassesOf(j));
        }

        Summary = RunSummary.Of(state, buffer.Counts, config, before, slot.LatestName) with
        {
            AverageAccuracy = ContinualMetrics.AverageAccuracy(accuracy),
            Forgetting = ContinualMetrics.ForgettingChaudhry(accuracy),
            LearningAccuracy = ContinualMetrics.LearningAccuracy(accuracy),
            PerClassAccuracy = config.Labels.Classes.ToDictionary(name => name, name => (IReadOnlyList<double>)[.. afterStep.Select(exam => exam.PercentOf(name))], StringComparer.Ordinal),
            PerClassUnknown = config.Labels.Classes.ToDictionary(name => name, name => (IReadOnlyList<double>)[.. afterStep.Select(exam => exam.UnknownPercentOf([name]))], StringComparer.Ordinal),
            UnknownOfKnownPercent = Enumerable.Range(0, steps).Average(step => afterStep[step].UnknownPercentOf(ClassesIn(0, step + 1))),
            UnknownOfNewPercent = steps == 1 ? null : Enumerable.Range(0, steps - 1).Average(step => afterStep[step].UnknownPercentOf(ClassesIn(step + 1, steps))),
            Steps = [.. Enumerable.Range(0, steps).Select(ClassesOf)],
        };
        lifetime.StopApplication();
        return Task.CompletedTask;
    }

    /// <summary>Waits until everything that was streamed has gone all the way, and no round is due or running.</summary>
    private async Task RestAsync(CancellationToken cancel)
    {
        while (flows.InFlight.Count > 0 || state.ExamplesPending > 0 || !rounds.Quiet.IsCompleted) await Task.Delay(TimeSpan.FromMilliseconds(20), time, cancel);
    }

    private IReadOnlyList<string> ClassesIn(int from, int to) => [.. Enumerable.Range(from, to - from).SelectMany(ClassesOf)];

    /// <summary>What a step brings, by the names of now; the sensor has its own.</summary>
    private IReadOnlyList<string> ClassesOf(int step) => names.FromStored(sensor.ClassesOf(step));

    private static double Mean(ExamResult exam, IReadOnlyList<string> classes) =>
        100.0 * classes.Sum(name => exam.PerClass[name].Right) / classes.Sum(name => exam.PerClass[name].Count);

    private IEnumerable<(ReadOnlyMemory<float> Samples, string Class)> Pairs(LabelledWindows windows) =>
        Enumerable.Range(0, windows.Count).Select(i => ((ReadOnlyMemory<float>)windows.Values.AsMemory(i * windows.Window.ValueCount, windows.Window.ValueCount), names.FromStored(windows.ClassNames[windows.Classes[i]])));
}
