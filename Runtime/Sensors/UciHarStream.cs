using Edge.Config;
using Edge.Storage;

namespace Edge.Runtime.Sensors;

/// <summary>
/// The training split of UCI HAR as a live sensor: three steps of two classes, within a step in recorded order. Windows of the archive overlap by half, so consecutive ones are joined
/// again into the signal they were cut from: 64 new samples where the overlap is exact, all 128 after a gap where it is not. With stride 64 the windower cuts just the recorded windows again.
/// </summary>
public sealed class UciHarStream : ISensor
{
    private const int Half = 64;
    private const int ClassesPerStep = 2;
    private readonly LabelledWindows recording;
    private readonly string[] order;
    private readonly List<int>[] steps;
    private int step, position;
    private long sampleCount;

    /// <summary>Reads the archive.</summary>
    public UciHarStream(SensorSection settings, WindowSection window)
        : this(UciHarArchive.Read(UciHarArchive.Locate(settings.UciHar.Path), "train"), settings.UciHar.ClassOrder)
    {
        if (window.Length != UciHarArchive.Window.Length || window.Stride != Half) throw new InvalidOperationException("window.length and window.stride passed validation but do not fit the archive");
    }

    /// <summary>Streams a recording that was cut into windows of 128 with half overlap.</summary>
    public UciHarStream(LabelledWindows recording, IReadOnlyList<string> classOrder)
    {
        this.recording = recording;
        order = classOrder.Count > 0 ? [.. classOrder] : [.. recording.ClassNames];
        steps = [.. order.Chunk(ClassesPerStep).Select(classes => Enumerable.Range(0, recording.Count).Where(i => classes.Contains(recording.ClassNames[recording.Classes[i]])).ToList())];
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> Channels => UciHarArchive.Channels;

    /// <inheritdoc/>
    public double SampleRateHz => recording.Window.SampleRateHz;

    /// <inheritdoc/>
    public int BlockCapacity => recording.Window.Length;

    /// <inheritdoc/>
    public int StepCount => steps.Length;

    /// <inheritdoc/>
    public IReadOnlyList<string> ClassesOf(int step) => [.. order.Chunk(ClassesPerStep).ElementAt(step)];

    /// <inheritdoc/>
    public ValueTask<SensorReading> ReadAsync(SampleBlock block, CancellationToken cancel)
    {
        if (step == steps.Length) return ValueTask.FromResult(SensorReading.StreamEnd);
        if (position == steps[step].Count)
        {
            step++;
            position = 0;
            return ValueTask.FromResult(SensorReading.StepEnd);
        }

        int window = steps[step][position];
        bool joined = position > 0 && Continues(steps[step][position - 1], window);
        block.SampleCount = joined ? Half : recording.Window.Length;
        block.StartsAfterGap = !joined;
        block.StartSeconds = sampleCount / SampleRateHz;
        block.Truth = recording.ClassNames[recording.Classes[window]];
        for (int channel = 0; channel < recording.Window.ChannelCount; channel++)
            recording[window].Slice(channel * recording.Window.Length + recording.Window.Length - block.SampleCount, block.SampleCount).CopyTo(block.Channel(channel));
        sampleCount += block.SampleCount;
        position++;
        return ValueTask.FromResult(SensorReading.Block);
    }

    /// <summary>Whether <paramref name="window"/> begins, bit for bit on every channel, with the second half of <paramref name="previous"/>, of the same person doing the same.</summary>
    private bool Continues(int previous, int window)
    {
        if (recording.Subjects[previous] != recording.Subjects[window] || recording.Classes[previous] != recording.Classes[window]) return false;
        int length = recording.Window.Length;
        for (int channel = 0; channel < recording.Window.ChannelCount; channel++)
        {
            if (!recording[previous].Slice(channel * length + Half, Half).SequenceEqual(recording[window].Slice(channel * length, Half))) return false;
        }

        return true;
    }
}
