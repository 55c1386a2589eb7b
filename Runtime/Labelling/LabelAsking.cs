using Edge.Config;
using Edge.Runtime.Inference;
using Edge.Runtime.Windowing;
using Edge.Telemetry.Messages;

namespace Edge.Runtime.Labelling;

/// <summary>
/// Chooses the windows whose label is worth asking for: those that are unknown, the most novel first, then those of low margin, the narrowest first. Within the budget (<see cref="HourlyBudget"/>); never two within a quarter of
/// the mean distance that the budget allows, so that five windows of the same second are one request; and after a short wait, so that it is the best window of some seconds and not the first. A window that has a label by then, or
/// that the ring has let go, is not asked for. After a drift the most doubtful windows since then are asked for at once, as far as the budget goes. Safe from any thread.
/// </summary>
/// <param name="settings">How many an hour, and below which margin.</param>
/// <param name="budget">The budget.</param>
/// <param name="ring">Holds the windows that can be answered.</param>
/// <param name="labelled">The windows that have a label.</param>
/// <param name="windowSeconds">Least clock time from one window to the next, seconds; 0 where the stream runs as fast as it can, and what was seen decides.</param>
/// <param name="time">The clock.</param>
public sealed class LabelAsking(LabelsSection settings, HourlyBudget budget, WindowRing ring, LabelledWindowSet labelled, double windowSeconds, TimeProvider time)
{
    /// <summary>Windows that are asked for at once after a drift, at most: what a person answers in one go.</summary>
    public const int MostAtOnce = 8;

    private const int MostHeld = 8, MostAsked = 256, MostRecent = 256;
    private const int LeastApart = 4; // Windows between two that are asked for at once, so that they show different things; windows of stride half their length share samples with the next one only.
    private static readonly TimeSpan s_longestWait = TimeSpan.FromSeconds(10);

    private readonly (Prediction Window, DateTimeOffset At)[] held = new (Prediction, DateTimeOffset)[MostHeld];
    private readonly (Prediction Window, DateTimeOffset At)[] recent = new (Prediction, DateTimeOffset)[settings.RequestsPerHour > 0 ? MostRecent : 0];
    private readonly TimeSpan spacing = settings.RequestsPerHour > 0 ? TimeSpan.FromHours(0.25 / settings.RequestsPerHour) : TimeSpan.MaxValue;
    private readonly int longestWaitWindows = Math.Max(1, ring.Capacity / 8);
    private readonly long startTicks = time.GetTimestamp();
    private readonly Lock gate = new();
    private readonly Queue<ulong> asked = new();
    private long heldTicks, askedTicks, seenCount; // seenCount is also the place in recent.
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

    /// <summary>Whether the budget has one left.</summary>
    public bool HasBudget
    {
        get
        {
            lock (gate) return budget.HasOne;
        }
    }

    /// <summary>Notes a prediction. Allocates nothing unless it asks.</summary>
    /// <returns>What to ask for now: this window, or an earlier and better one; mostly null.</returns>
    public LabelRequestMessage? Note(in Prediction prediction)
    {
        if (settings.RequestsPerHour == 0 || prediction.WindowId == 0) return null;
        lock (gate)
        {
            var now = time.GetUtcNow();
            recent[seenCount++ % MostRecent] = (prediction, now);
            if (heldCount > 0) waitedWindows++;
            if (IsWorthAsking(prediction) && MayAsk()) Hold(prediction, now);
            if (heldCount == 0 || time.GetElapsedTime(heldTicks) < Wait && waitedWindows < longestWaitWindows) return null;
            return Ask();
        }
    }

    /// <summary>The world has moved: asks for the most doubtful of the latest windows at once, without waiting and whatever their margin, as far as the budget goes.</summary>
    /// <param name="sinceWindowId">First window of the change; none before it is asked for.</param>
    /// <returns>The requests, the most doubtful window first, at most <see cref="MostAtOnce"/>; empty when the budget is spent or no such window can be answered.</returns>
    public IReadOnlyList<LabelRequestMessage> AskAtOnce(ulong sinceWindowId)
    {
        if (settings.RequestsPerHour == 0) return [];
        lock (gate)
        {
            ulong oldest = Math.Max(sinceWindowId, ring.Range.Oldest);
            List<long> doubtful = [];
            for (long seen = Math.Max(0, seenCount - MostRecent); seen < seenCount; seen++)
            {
                ulong id = recent[seen % MostRecent].Window.WindowId;
                if (id >= oldest && labelled.Find(id) is null && !asked.Contains(id)) doubtful.Add(seen);
            }

            doubtful.Sort((one, other) => WindowAt(one) is var a && WindowAt(other) is var b && IsBetter(a, b) ? -1 : IsBetter(b, a) ? 1 : one.CompareTo(other));
            List<long> chosen = [];
            foreach (long seen in doubtful)
            {
                if (chosen.Count == MostAtOnce) break;
                if (chosen.TrueForAll(other => Math.Abs(other - seen) >= LeastApart) && budget.TryTake()) chosen.Add(seen);
            }

            if (chosen.Count > 0) heldCount = 0; // What was held is doubtful no more than these, and the next request keeps its distance to them.
            return [.. chosen.Select(seen => Asked(recent[seen % MostRecent].Window, recent[seen % MostRecent].At, LabelRequestReason.Drift))];
        }

        Prediction WindowAt(long seen) => recent[seen % MostRecent].Window;
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

    private void Hold(in Prediction prediction, DateTimeOffset now)
    {
        if (heldCount == 0) (heldTicks, waitedWindows) = (time.GetTimestamp(), 0);
        bool isFull = heldCount == MostHeld;
        int place = isFull ? Weakest() : heldCount++;
        if (isFull && !IsLabelled(place) && !IsBetter(prediction, held[place].Window)) return;
        held[place] = (prediction, now);
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
        var (window, at) = held[best];
        return Asked(window, at, window.Class == Prediction.Unknown ? LabelRequestReason.Unknown : LabelRequestReason.LowMargin);
    }

    private LabelRequestMessage Asked(in Prediction window, DateTimeOffset at, LabelRequestReason reason)
    {
        (askedTicks, hasAsked) = (time.GetTimestamp(), true);
        asked.Enqueue(window.WindowId);
        if (asked.Count > MostAsked) asked.Dequeue();

        double pace = windowSeconds > 0 ? windowSeconds : time.GetElapsedTime(startTicks).TotalSeconds / seenCount;
        double left = Math.Max(0, (double)ring.Capacity - (ring.Range.Newest - window.WindowId));
        bool knowsClasses = window.Contenders.First is not null;
        return new LabelRequestMessage
        {
            WindowId = window.WindowId,
            At = at,
            Reason = reason,
            Novelty = knowsClasses ? window.Novelty : null,
            NoveltyRatio = window.NoveltyRatio > 0 ? window.NoveltyRatio : null,
            Margin = knowsClasses ? window.Contenders.Margin : null,
            Candidates = window.Contenders.List(),
            AnswerableUntil = time.GetUtcNow() + TimeSpan.FromSeconds(Math.Min(left * pace, 365 * 86_400.0)),
        };
    }
}
