using Edge.Config;
using Edge.Runtime.Inference;
using Edge.Runtime.Windowing;
using Edge.Telemetry.Messages;

namespace Edge.Runtime.Labelling;

/// <summary>
/// Chooses the windows whose label is worth asking for: those that are unknown, the most novel first, then those of low margin, the narrowest first. Within the budget (<see cref="HourlyBudget"/>); never two within a quarter of
/// the mean distance that the budget allows, so that five windows of the same second are one request; and after a short wait, so that it is the best window of some seconds and not the first. A window that has a label by then, or
/// that the ring has let go, is not asked for. One stage notes predictions; labels may be noted from another thread.
/// </summary>
/// <param name="settings">How many an hour, and below which margin.</param>
/// <param name="budget">The budget.</param>
/// <param name="ring">Holds the windows that can be answered.</param>
/// <param name="labelled">The windows that have a label.</param>
/// <param name="windowSeconds">Least clock time from one window to the next, seconds; 0 where the stream runs as fast as it can, and what was seen decides.</param>
/// <param name="time">The clock.</param>
public sealed class LabelAsking(LabelsSection settings, HourlyBudget budget, WindowRing ring, LabelledWindowSet labelled, double windowSeconds, TimeProvider time)
{
    private const int MostHeld = 8, MostAsked = 256;
    private static readonly TimeSpan s_longestWait = TimeSpan.FromSeconds(10);

    private readonly (Prediction Window, DateTimeOffset At)[] held = new (Prediction, DateTimeOffset)[MostHeld];
    private readonly TimeSpan spacing = settings.RequestsPerHour > 0 ? TimeSpan.FromHours(0.25 / settings.RequestsPerHour) : TimeSpan.MaxValue;
    private readonly int longestWaitWindows = Math.Max(1, ring.Capacity / 8);
    private readonly long startTicks = time.GetTimestamp();
    private readonly Lock gate = new();
    private readonly Queue<ulong> asked = new();
    private long heldTicks, askedTicks, seenCount;
    private int heldCount, waitedWindows;
    private bool hasAsked;

    /// <summary>Windows that were asked for and have no answer yet, the newest 256.</summary>
    public int OpenCount
    {
        get
        {
            lock (gate) return asked.Count;
        }
    }

    /// <summary>Notes a prediction. Allocates nothing unless it asks.</summary>
    /// <returns>What to ask for now: this window, or an earlier and better one; mostly null.</returns>
    public LabelRequestMessage? Note(in Prediction prediction)
    {
        if (settings.RequestsPerHour == 0 || prediction.WindowId == 0) return null;
        seenCount++;
        if (heldCount > 0) waitedWindows++;
        if (IsWorthAsking(prediction) && MayAsk()) Hold(prediction);
        if (heldCount == 0 || time.GetElapsedTime(heldTicks) < Wait && waitedWindows < longestWaitWindows) return null;
        return Ask();
    }

    /// <summary>A window has got a label; true when it had been asked for.</summary>
    public bool Answered(ulong windowId)
    {
        lock (gate)
        {
            int count = asked.Count;
            bool found = false;
            for (int i = 0; i < count; i++)
            {
                ulong id = asked.Dequeue();
                if (id == windowId) found = true;
                else asked.Enqueue(id);
            }

            return found;
        }
    }

    private TimeSpan Wait => spacing < s_longestWait ? spacing : s_longestWait;

    private bool IsWorthAsking(in Prediction prediction) => prediction.Class == Prediction.Unknown || prediction.Contenders.Margin < settings.RequestBelowMargin;

    private bool MayAsk() => (!hasAsked || time.GetElapsedTime(askedTicks) >= spacing) && budget.HasOne;

    private void Hold(in Prediction prediction)
    {
        if (heldCount == 0) (heldTicks, waitedWindows) = (time.GetTimestamp(), 0);
        bool isFull = heldCount == MostHeld;
        int place = isFull ? Weakest() : heldCount++;
        if (isFull && !IsLabelled(place) && !IsBetter(prediction, held[place].Window)) return;
        held[place] = (prediction, time.GetUtcNow());
    }

    /// <summary>The one to give up: one that has a label by now, else the least doubtful.</summary>
    private int Weakest()
    {
        int place = 0;
        for (int i = 0; i < MostHeld; i++)
        {
            if (IsLabelled(i)) return i;
            if (IsBetter(held[place].Window, held[i].Window)) place = i;
        }

        return place;
    }

    private bool IsLabelled(int place) => labelled.Find(held[place].Window.WindowId) is not null;

    private static bool IsBetter(in Prediction one, in Prediction other)
    {
        bool isUnknown = one.Class == Prediction.Unknown, otherIsUnknown = other.Class == Prediction.Unknown;
        if (isUnknown != otherIsUnknown) return isUnknown;
        return isUnknown ? (one.NoveltyRatio, one.Novelty).CompareTo((other.NoveltyRatio, other.Novelty)) > 0 : one.Contenders.Margin < other.Contenders.Margin;
    }

    private LabelRequestMessage? Ask()
    {
        int best = -1;
        ulong oldest = ring.Range.Oldest;
        for (int i = 0; i < heldCount; i++)
        {
            ulong id = held[i].Window.WindowId;
            if (id >= oldest && !IsLabelled(i) && (best < 0 || IsBetter(held[i].Window, held[best].Window))) best = i;
        }

        heldCount = 0;
        if (best < 0 || !budget.TryTake()) return null;
        (askedTicks, hasAsked) = (time.GetTimestamp(), true);
        var (window, at) = held[best];
        lock (gate)
        {
            asked.Enqueue(window.WindowId);
            if (asked.Count > MostAsked) asked.Dequeue();
        }

        return MessageOf(window, at);
    }

    private LabelRequestMessage MessageOf(in Prediction window, DateTimeOffset at)
    {
        double pace = windowSeconds > 0 ? windowSeconds : time.GetElapsedTime(startTicks).TotalSeconds / seenCount;
        double left = Math.Max(0, (double)ring.Capacity - (ring.Range.Newest - window.WindowId));
        bool knowsClasses = window.Contenders.First is not null;
        return new LabelRequestMessage
        {
            WindowId = window.WindowId,
            At = at,
            Reason = window.Class == Prediction.Unknown ? LabelRequestReason.Unknown : LabelRequestReason.LowMargin,
            Novelty = knowsClasses ? window.Novelty : null,
            NoveltyRatio = window.NoveltyRatio > 0 ? window.NoveltyRatio : null,
            Margin = knowsClasses ? window.Contenders.Margin : null,
            Candidates = window.Contenders.List(),
            AnswerableUntil = time.GetUtcNow() + TimeSpan.FromSeconds(Math.Min(left * pace, 365 * 86_400.0)),
        };
    }
}
