namespace Edge.Storage;

/// <summary>What the readers of the formats share over both splits of one load.</summary>
internal sealed class LoadContext(DatasetReadOptions options, LoadMeter meter)
{
    private readonly List<string> notes = [];

    public DatasetReadOptions Options => options;

    public LoadMeter Meter => meter;

    public ClassLedger Classes { get; } = new();

    public NameIndex Subjects { get; } = new();

    public NameIndex Domains { get; } = new();

    /// <summary>Channels of the training split; 0 while it is being read.</summary>
    public int TrainChannelCount { get; set; }

    /// <summary>The rate that the file itself gives.</summary>
    public double? SampleRateHz { get; set; }

    /// <summary>What was done to the data.</summary>
    public IReadOnlyList<string> Notes => notes;

    /// <summary>Says what was done to the data; once, if both splits say it.</summary>
    public void Note(string sentence)
    {
        if (!notes.Contains(sentence)) notes.Add(sentence);
    }

    public CaseTable NewTable(DatasetFile file) => new(file.Display, options.LargestValueCount);

    public LineReader Lines(DatasetFile file) => file.Lines(meter, options.LargestLineBytes);
}
