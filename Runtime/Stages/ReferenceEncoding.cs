using Edge.Config;
using Edge.Runtime.Inference;
using Edge.Runtime.Windowing;
using Edge.Telemetry.Drift.Watching;

namespace Edge.Runtime.Stages;

/// <summary>
/// After a swap: has the running snapshot encode the windows of the reference anew, a few with each window that comes, and then those that the watch would be comparing with it, up to the latest. From there the watch goes on as
/// if there had been no swap: a change that falls into this time is found at its end. Windows that wait come first: while some do, as few are encoded as it takes to come to an end. For the classifier stage alone.
/// </summary>
internal sealed class ReferenceEncoding(DriftWatch watch, ReferenceWindows reference, WindowRing ring, int valueCount)
{
    private const int EncodedPerWindow = 8; // A reference of 360 and the 64 windows compared with it are there again after 54 windows, and no window waits for more than eight others.
    private const int LeastPerWindow = 2;   // While others wait: each that comes is one more to catch up with, so one would never be enough. It is over after 244 windows.
    private const int Compared = 64;        // As many as DriftWatchOptions.WindowCount.
    private readonly float[] samples = new float[valueCount];
    private Phase phase;
    private int next;    // Of the reference, to encode; 0: the oldest.
    private int age;     // Of the next window to catch up with; 0: none.
    private int owed;    // Windows that have come since some were encoded.
    private long passed = Compared; // Windows since the reference was complete; from before a restart, as many as are held.

    private enum Phase
    {
        Done,
        Referring,
        CatchingUp,
    }

    /// <summary>Whether the watch cannot judge by the model yet.</summary>
    public bool IsUnderWay => phase != Phase.Done;

    /// <summary>Another snapshot runs. Without a reference, the latest windows are one.</summary>
    public void Begin()
    {
        if (reference.Count == 0)
        {
            for (int old = reference.Capacity; old >= 1; old--)
                if (ring.CopySamples(old, samples)) reference.Keep(samples);
            passed = 0;
        }

        (phase, next, age, owed) = (reference.Count > 0 ? Phase.Referring : Phase.Done, 0, 0, 0);
    }

    /// <summary>Takes note of a window of known classes that has come, before the watch sees it. No allocation after the first.</summary>
    public void Note(Window window)
    {
        if (phase == Phase.CatchingUp) age++; // It has made all others older by one, and is one of them.
        else if (reference.IsComplete) passed++;
        else reference.Keep(window.Samples);
        if (phase != Phase.Done) owed++;
    }

    /// <summary>What depends on the model has rung: it learns a new reference from the next window on.</summary>
    public void Rang()
    {
        if (!reference.IsComplete) return; // It has rung before and is learning one.
        reference.Restart();
        passed = 0;
    }

    /// <summary>Encodes a few windows for each that has come. Takes over the session's memory: what its latest call gave is gone.</summary>
    /// <param name="running">The session.</param>
    /// <param name="config">Says what is unknown.</param>
    /// <param name="classIndexOf">From an answer to the class's index in the watch; -1: unknown.</param>
    /// <param name="tell">Takes an event that catching up has brought.</param>
    /// <param name="othersWait">Whether a window waits to be classified.</param>
    public void Continue(Classifier running, DeviceConfig config, Func<Classifier, int, int> classIndexOf, Action<DriftEvent> tell, Func<bool> othersWait)
    {
        int due = owed * EncodedPerWindow, deferrable = owed * (EncodedPerWindow - LeastPerWindow);
        owed = 0;
        while (due > 0 && phase != Phase.Done && (due > deferrable || !othersWait()))
        {
            bool isReference = phase == Phase.Referring;
            if (isReference ? !reference.CopySamples(next++, samples) : age == 0)
            {
                // At the end of a reference that is not complete, the windows to come are the rest of it.
                age = isReference && reference.IsComplete ? (int)Math.Min(Compared, passed) : 0;
                phase = age > 0 ? Phase.CatchingUp : Phase.Done;
                continue;
            }

            if (isReference || ring.CopySamples(age, samples))
            {
                due--;
                Encode(running, config, classIndexOf, tell);
            }

            if (!isReference) age--;
        }
    }

    private void Encode(Classifier running, DeviceConfig config, Func<Classifier, int, int> classIndexOf, Action<DriftEvent> tell)
    {
        var score = running.Score(samples);
        var window = new WatchedWindow
        {
            WindowId = 0,
            EndSeconds = 0,
            KnowsClasses = true,
            Channels = default,
            Embedding = running.EmbeddingOf(0),
            Novelty = score.Novelty,
            Margin = running.MarginOf(0),
            ClassIndex = classIndexOf(running, UnknownRule.Answer(running, 0, score, config.Inference, out _)),
        };
        if (phase == Phase.Referring)
        {
            watch.Refer(window);
            return;
        }

        if (!reference.IsComplete) reference.Keep(samples); // It rang on the way here: what is caught up with from then on is the new reference.
        long before = watch.ModelAlarmCount;
        var told = watch.CatchUp(window, age);
        if (watch.ModelAlarmCount > before) Rang();
        if (told is not null) tell(told);
    }
}
