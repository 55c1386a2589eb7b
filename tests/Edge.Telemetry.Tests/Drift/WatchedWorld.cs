using Edge.Telemetry.Drift.Watching;

namespace Edge.Telemetry.Tests.Drift;

/// <summary>What is different about a window of the world.</summary>
internal readonly record struct Change(double YOffset = 0, double Gain = 1, double Turn = 0, double Novelty = 0, double Margin = 0, bool OnlyMoving = false)
{
    public double GainOrOne => Gain == 0 ? 1 : Gain; // default(Change) has none.
}

/// <summary>Two classes in turn at random, three channels, embeddings around two directions.</summary>
internal sealed class WatchedWorld
{
    public const int Length = 8;
    public const double Seconds = 1.28;
    private readonly float[] _channels = new float[6], _embedding = new float[Length];
    private readonly List<int> _answers = [];
    private Random _random = new(21);

    public WatchedWorld(DriftWatchOptions options, bool start = true)
    {
        Watch = new DriftWatch(options);
        if (start)
        {
            Watch.SnapshotChanged("s1", Length);
        }
    }

    public DriftWatch Watch { get; }

    public static ulong IdOf(int index) => 1_000_000 + (10 * (ulong)index);

    public int Count => _answers.Count;

    public void Refer(int index, Change change)
    {
        (int answer, double novelty, double margin) = Draw(index, change);
        Watch.Refer(new WatchedWindow { WindowId = 0, EndSeconds = 0, KnowsClasses = true, Channels = default, Embedding = _embedding, Novelty = novelty, Margin = margin, ClassIndex = answer });
    }

    public DriftEvent? CatchUp(int age, Change change)
    {
        (int answer, double novelty, double margin) = Draw(_answers.Count, change);
        return Watch.CatchUp(new WatchedWindow { WindowId = 0, EndSeconds = 0, KnowsClasses = true, Channels = default, Embedding = _embedding, Novelty = novelty, Margin = margin, ClassIndex = answer }, age);
    }

    /// <summary>Index of the window at which the first event is told, a channel being shifted from one on; every window before has had its label, and was right.</summary>
    public int AlarmOfAShiftedChannel(int from)
    {
        for (int i = 0; ; i++)
        {
            if (Step(i, i >= from ? new Change(YOffset: 3) : default) is { What: "inputs" })
            {
                return i;
            }

            Assert.Null(Watch.Label(IdOf(i), AnswerOf(i)));
        }
    }

    public int AnswerOf(int index) => _answers[index];

    public void GoOnLike(WatchedWorld other)
    {
        _random = new Random(21);
        for (int i = 0; i < other._answers.Count; i++)
        {
            Draw(i, default);
        }
    }

    public DriftEvent? FirstEvent(int count, Func<int, Change> change) => Enumerable.Range(0, count).Select(i => Step(i, change(i))).FirstOrDefault(e => e is not null);

    public DriftEvent? Step(int index, Change change)
    {
        (int answer, double novelty, double margin) = Draw(index, change);
        return Watch.Observe(new WatchedWindow
        {
            WindowId = IdOf(index), EndSeconds = index * Seconds, KnowsClasses = true, Channels = _channels, Embedding = _embedding, Novelty = novelty, Margin = margin, ClassIndex = answer,
        });
    }

    private (int Answer, double Novelty, double Margin) Draw(int index, Change change)
    {
        int answer = _random.Next(2);
        answer = change.OnlyMoving ? 1 : answer;
        Assert.Equal(index, _answers.Count);
        _answers.Add(answer);
        for (int c = 0; c < 3; c++)
        {
            _channels[c] = (float)(Gaussian() + (c == 1 ? change.YOffset : 0));
            _channels[3 + c] = (float)(Math.Log(change.GainOrOne) + (0.3 * Gaussian()));
        }

        for (int k = 0; k < Length; k++)
        {
            _embedding[k] = (float)((k == answer ? 1 : 0) + (k == 4 ? change.Turn : 0) + (0.2 * Gaussian()));
        }

        return (answer, 0.2 + change.Novelty + (0.1 * Gaussian()), 0.5 + change.Margin + (0.1 * Gaussian()));
    }

    private double Gaussian() => Math.Sqrt(-2 * Math.Log(1 - _random.NextDouble())) * Math.Cos(2 * Math.PI * _random.NextDouble());
}
