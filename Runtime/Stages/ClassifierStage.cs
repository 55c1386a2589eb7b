using System.Diagnostics;
using System.Numerics;
using Edge.Runtime.Inference;
using Edge.Runtime.Updates;
using Edge.Runtime.Windowing;
using Microsoft.Extensions.Hosting;

namespace Edge.Runtime.Stages;

/// <summary>
/// Classifies windows with the running session, which it owns, and switches sessions between two windows. One that comes alone is scored alone, for the sake of latency; windows that have piled up are scored together.
/// </summary>
public sealed class ClassifierStage(
    Flows flows, WindowPool windows, WindowRing ring, ReadOutSlot slot, LiveConfig live, DriftAlarms drift, ServiceState state, FaultRecord faults, IHostApplicationLifetime lifetime)
    : Stage(faults, lifetime)
{
    /// <summary>Most windows that are scored together: as many as can wait.</summary>
    public const int LargestBatch = 8;

    private readonly Window[] taken = new Window[LargestBatch];

    /// <inheritdoc/>
    protected override async Task RunAsync(CancellationToken stopping)
    {
        using var ending = flows.EndWith(stopping);
        Classifier? running = null;
        object? applied = null;
        bool OthersWait() => !flows.Lossless && flows.Windows.Reader.Count > 0; // In a lossless stream somebody always does, and loses nothing by it.
        Func<bool> othersWait = OthersWait;
        try
        {
            while (await flows.Windows.Reader.WaitToReadAsync(CancellationToken.None))
            {
                while (true)
                {
                    if (slot.Apply(ref running, ref applied)) drift.Follow(running!.Snapshot);
                    int count = Take(running?.BatchSize ?? 1);
                    if (count == 0) break;
                    Score(running, count);
                    for (int i = 0; i < count; i++)
                    {
                        var prediction = Tell(running, taken[i], i);
                        windows.Return(taken[i]);
                        await flows.Predictions.Writer.WriteAsync(prediction, CancellationToken.None);
                    }

                    drift.EncodeEarlier(running, othersWait); // Not before: it uses the session's memory.
                }
            }
        }
        finally
        {
            running?.Dispose();
        }
    }

    // As many as wait, rounded down to a power of two: for these sizes the session has tensors, and computes no row that nobody asked for.
    private int Take(int most)
    {
        int waiting = Math.Clamp(flows.Windows.Reader.Count, 1, Math.Min(most, LargestBatch)), count = 0;
        for (waiting = 1 << BitOperations.Log2((uint)waiting); count < waiting && flows.Windows.Reader.TryRead(out var window); count++)
        {
            if (flows.Lossless) window.ReadyTicks = Stopwatch.GetTimestamp(); // Here the stream waits for us; how long is no latency.
            taken[count] = window;
        }

        return count;
    }

    private void Score(Classifier? running, int count)
    {
        if (running is null) return;
        for (int i = 0; i < count; i++) taken[i].Samples.CopyTo(running.WindowOf(i));
        running.ScoreLaidOut(count);
        state.Provider = running.Provider; // Its own: when a provider fails, sessions go over to the CPU one by one.
        state.CountCall();
    }

    private Prediction Tell(Classifier? running, Window window, int index)
    {
        if (running is null)
        {
            ring.Keep(window, [], null);
            drift.Watch(window, null, index, -1);
            return Counted(new Prediction(window.Id, window.EndSeconds, Prediction.Unknown, 0, 1, window.Truth), window);
        }

        var score = running.ScoreOf(index);
        ring.Keep(window, running.EmbeddingOf(index), running.Snapshot.Id);
        int answer = UnknownRule.Answer(running, index, score, live.Current.Inference, out float ratio);
        var contenders = score.ClassIndex < 0 ? default : Contenders.Of(running.Snapshot.Classes, running.ProbabilityOf(index));
        var prediction = answer < 0
            ? new Prediction(window.Id, window.EndSeconds, Prediction.Unknown, 0, score.Novelty, window.Truth, ratio, contenders)
            : new Prediction(window.Id, window.EndSeconds, running.Snapshot.Classes[answer], score.Confidence, score.Novelty, window.Truth, ratio, contenders);
        Counted(prediction, window);
        drift.Watch(window, running, index, answer);
        return prediction;
    }

    private Prediction Counted(in Prediction prediction, Window window)
    {
        state.Count(prediction, Stopwatch.GetElapsedTime(window.ReadyTicks));
        return prediction;
    }
}
