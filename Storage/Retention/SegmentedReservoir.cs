namespace Edge.Storage;

/// <summary>
/// A share for each stretch of stream time, and in it for each class, so that what the world was like before a drift is still there and a burst of labels does not drown it: stratified sampling (Al-Kateb and Lee 2010, Stratified
/// Reservoir Sampling over Heterogeneous Data Streams) with time segments and classes as strata, and the bounded number of segments that grow with age of an exponential histogram (Datar et al. 2002); this combination is our own.
/// When there is no room, the segment of which most is kept gives way, in it the class of which most is kept, and of that cell the example with the highest tag. A tag is a uniform number that follows from seed and id
/// (bottom-k sampling, Cohen and Kaplan 2007), so that each cell is a uniform sample of what was seen in it: an example with a tag above one that its cell has let go is not taken when it is full.
/// A segment begins at a multiple of the segment length and lasts until the next one begins; one that comes late counts to the segment of its time. When there are more than <see cref="MaximumSegmentCount"/>, two neighbours become
/// one, the newest excepted: those whose joint length is smallest in relation to their age; of equals the older. So segments are short in the near past and long in the far past, and each has the same share. Of two merged cells
/// the one that had kept more of what it saw is over-represented until the joint cell has given that much way.
/// </summary>
public sealed class SegmentedReservoir : RetentionPolicy
{
    /// <summary>Most segments.</summary>
    public const int MaximumSegmentCount = 8;

    private const uint TagStream = 2;
    private readonly int seed;
    private readonly uint stream;
    private readonly double segmentSeconds;
    private readonly List<TimeSegment> segments = []; // By start; each lasts until the next begins.

    /// <summary>A policy that keeps nothing yet.</summary>
    /// <param name="budget">What may be kept.</param>
    /// <param name="seed">Seed of the tags.</param>
    /// <param name="stream">First of 16 streams of draws that are this policy's own.</param>
    /// <param name="segmentSeconds">Length of the shortest segment, seconds of stream time, above 0.</param>
    public SegmentedReservoir(RetentionBudget budget, int seed, uint stream, double segmentSeconds)
        : base(budget)
    {
        if (segmentSeconds is not (> 0 and < double.PositiveInfinity)) throw new ArgumentOutOfRangeException(nameof(segmentSeconds), segmentSeconds, "a segment is longer than 0 s");
        (this.seed, this.stream, this.segmentSeconds) = (seed, stream, segmentSeconds);
    }

    /// <inheritdoc/>
    public override RetentionKind Kind => RetentionKind.Segmented;

    /// <summary>Where each segment begins, seconds of stream time, and how many examples of it are kept.</summary>
    public IReadOnlyList<(double StartSeconds, int Count)> Segments => segments.ConvertAll(segment => (segment.FirstIndex * segmentSeconds, segment.Count));

    /// <inheritdoc/>
    protected override Admission Decide(ExampleFacts example)
    {
        if (Tag(example.Id) >= SegmentOf(example.StartSeconds).Cell(example.Class).Threshold) return Admission.Refused;
        return KeepThenLetGo(example, () => HighestOf(GivingWay(example)));
    }

    /// <inheritdoc/>
    protected override ulong NextToGo() => HighestOf(Fullest().Largest());

    /// <inheritdoc/>
    protected override void Observe(ExampleFacts example)
    {
        double index = IndexOf(example.StartSeconds);
        if (segments.Count > 0 && index <= segments[^1].FirstIndex) return;
        segments.Add(new TimeSegment(index));
        if (segments.Count > MaximumSegmentCount) MergeOne();
    }

    /// <inheritdoc/>
    protected override void OnKept(ExampleFacts example) => SegmentOf(example.StartSeconds).Cell(example.Class).Members.Add((Tag(example.Id), example.Id));

    /// <inheritdoc/>
    protected override void OnGone(ExampleFacts example) => SegmentOf(example.StartSeconds).Cell(example.Class).Members.Remove((Tag(example.Id), example.Id));

    /// <summary>Seed i32, segment length f64 (s), segment count i32, then per segment start f64 (in segment lengths), cell count i32, then per cell class and threshold f64.</summary>
    protected override void WriteOwn(BinaryWriter writer)
    {
        writer.Write(seed);
        writer.Write(segmentSeconds);
        writer.Write(segments.Count);
        foreach (var segment in segments)
        {
            writer.Write(segment.FirstIndex);
            writer.Write(segment.Cells.Count);
            foreach (var (name, cell) in segment.Cells)
            {
                writer.Write(name);
                writer.Write(cell.Threshold);
            }
        }
    }

    /// <inheritdoc/>
    protected override void ReadOwn(BinaryReader reader)
    {
        if (reader.ReadInt32() != seed || reader.ReadDouble() != segmentSeconds) return; // Other tags, other segments: what is kept decides alone.
        int left = reader.ReadInt32();
        if (left == 0) return;
        segments.Clear();
        for (; left > 0; left--)
        {
            var segment = new TimeSegment(reader.ReadDouble());
            for (int cells = reader.ReadInt32(); cells > 0; cells--) segment.Cell(reader.ReadString()).Threshold = reader.ReadDouble();
            segments.Add(segment);
        }

        foreach (var example in All) OnKept(example);
    }

    /// <inheritdoc/>
    protected override void ForgetOwn(string className) => segments.ForEach(segment => segment.Cells.Remove(className));

    private double Tag(ulong id) => SeededDraw.Unit(seed, stream + TagStream, id);

    /// <summary>The latest segment that has begun at that time, or the first.</summary>
    private TimeSegment SegmentOf(double startSeconds)
    {
        double index = IndexOf(startSeconds);
        return segments.FindLast(segment => segment.FirstIndex <= index) ?? segments[0];
    }

    /// <summary>How many segment lengths have passed: a whole number, so that an example is looked for where it was put.</summary>
    private double IndexOf(double startSeconds) => double.IsFinite(startSeconds) ? Math.Floor(startSeconds / segmentSeconds) : 0;

    private void MergeOne()
    {
        double now = segments[^1].FirstIndex + 1;
        var (first, least) = (0, double.PositiveInfinity);
        for (int i = 0; i < segments.Count - 2; i++)
        {
            double ratio = (segments[i + 2].FirstIndex - segments[i].FirstIndex) / (now - segments[i].FirstIndex);
            if (ratio < least) (first, least) = (i, ratio);
        }

        segments[first].Merge(segments[first + 1]);
        segments.RemoveAt(first + 1);
    }

    /// <summary>Takes note that the highest of a cell goes.</summary>
    private static ulong HighestOf(TimeCell cell)
    {
        var (tag, id) = cell.Members.Max;
        cell.Threshold = Math.Min(cell.Threshold, tag);
        return id;
    }

    /// <summary>Of equals the arriving one's segment and class when they can give one, so that equal ones do not take turns.</summary>
    private TimeCell GivingWay(ExampleFacts arriving)
    {
        TimeSegment own = SegmentOf(arriving.StartSeconds), fullest = Fullest();
        if (own.Count == 1 || own.Count < fullest.Count) return fullest == own ? Fullest(own).Largest() : fullest.Largest();
        var cell = own.Cell(arriving.Class);
        var largest = own.Largest();
        return cell.Members.Count > 1 && cell.Members.Count >= largest.Members.Count ? cell : own.Largest(arriving.Class);
    }

    private TimeSegment Fullest(TimeSegment? excepted = null)
    {
        TimeSegment? fullest = null;
        foreach (var segment in segments)
        {
            if (segment != excepted && (fullest is null || segment.Count > fullest.Count)) fullest = segment;
        }

        return fullest!;
    }
}

/// <summary>A stretch of stream time.</summary>
internal sealed class TimeSegment(double firstIndex)
{
    /// <summary>Where it begins, in segment lengths.</summary>
    public double FirstIndex { get; } = firstIndex;

    public SortedDictionary<string, TimeCell> Cells { get; } = new(StringComparer.Ordinal);

    public int Count => Cells.Values.Sum(cell => cell.Members.Count);

    public TimeCell Cell(string className)
    {
        if (!Cells.TryGetValue(className, out var cell)) Cells.Add(className, cell = new TimeCell());
        return cell;
    }

    /// <summary>The cell of which most is kept; of equals the first by class.</summary>
    public TimeCell Largest(string? excepted = null) => Cells.Where(pair => pair.Key != excepted).MaxBy(pair => pair.Value.Members.Count).Value;

    public void Merge(TimeSegment next)
    {
        foreach (var (name, theirs) in next.Cells)
        {
            var cell = Cell(name);
            cell.Members.UnionWith(theirs.Members);
            cell.Threshold = Math.Min(cell.Threshold, theirs.Threshold);
        }
    }
}

/// <summary>One class in a stretch of time: all of it with a tag below the threshold, and until they have to go, some above.</summary>
internal sealed class TimeCell
{
    public double Threshold { get; set; } = 1;

    public SortedSet<(double Tag, ulong Id)> Members { get; } = [];
}
