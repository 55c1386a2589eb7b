using Edge.Config;
using Edge.Storage;

namespace Edge.Runtime.Sensors;

/// <summary>
/// The training split of UCI HAR, or a part of its people, as a live sensor: three steps of two classes, within a step in recorded order. Windows of the archive overlap by half, so consecutive ones are joined
/// again into the signal they were cut from: 64 new samples where the overlap is exact, all 128 after a gap where it is not. With stride 64 the windower cuts just the recorded windows again.
/// </summary>
public sealed class UciHarStream : ISensor
{
    private const int Half = 64;
    private const int ClassesPerStep = 2;
    private readonly Func<IReadOnlyList<string>, LabelledWindows> load;
    private readonly string[][] steps;
    private LabelledWindows? recording;
    private int step, position;
    private long sampleCount;

    /// <summary>Streams the archive; each step is read when it begins.</summary>
    /// <exception cref="FileNotFoundException">The archive is not where the config says.</exception>
    public UciHarStream(SensorSection settings, WindowSection window)
        : this(new UciHarPeople(settings).Streamed, UciHarArchive.Window, settings.UciHar.ClassOrder.Count > 0 ? settings.UciHar.ClassOrder : UciHarArchive.ClassNames)
    {
        if (window.Length != UciHarArchive.Window.Length || window.Stride != Half) throw new InvalidOperationException("window.length and window.stride passed validation but do not fit the archive");
    }

    /// <summary>Streams a recording that was cut into windows of 128 with half overlap.</summary>
    public UciHarStream(LabelledWindows recording, IReadOnlyList<string> classOrder)
        : this(recording.Of, recording.Window, classOrder.Count > 0 ? classOrder : recording.ClassNames)
    {
    }

    private UciHarStream(Func<IReadOnlyList<string>, LabelledWindows> load, WindowShape window, IReadOnlyList<string> classOrder)
    {
        this.load = load;
        Window = window;
        steps = [.. classOrder.Chunk(ClassesPerStep)];
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> Channels => UciHarArchive.Channels;

    /// <inheritdoc/>
    public double SampleRateHz => Window.SampleRateHz;

    /// <inheritdoc/>
    public int BlockCapacity => Window.Length;

    /// <inheritdoc/>
    public int StepCount => steps.Length;

    /// <inheritdoc/>
    public IReadOnlyList<string> ClassesOf(int step) => steps[step];

    private WindowShape Window { get; }

    /// <inheritdoc/>
    public ValueTask<SensorReading> ReadAsync(SampleBlock block, CancellationToken cancel)
    {
        if (step == steps.Length) return ValueTask.FromResult(SensorReading.StreamEnd);
        recording ??= load(steps[step]);
        if (position == recording.Count)
        {
            recording = null;
            step++;
            position = 0;
            return ValueTask.FromResult(SensorReading.StepEnd);
        }

        bool joined = position > 0 && Continues(recording, position);
        block.SampleCount = joined ? Half : Window.Length;
        block.StartsAfterGap = !joined;
        block.StartSeconds = sampleCount / SampleRateHz;
        block.Truth = recording.ClassNames[recording.Classes[position]];
        for (int channel = 0; channel < Window.ChannelCount; channel++)
            recording[position].Slice((channel + 1) * Window.Length - block.SampleCount, block.SampleCount).CopyTo(block.Channel(channel));
        sampleCount += block.SampleCount;
        position++;
        return ValueTask.FromResult(SensorReading.Block);
    }

    /// <summary>Whether a window begins, bit for bit on every channel, with the second half of the one before, of the same person doing the same.</summary>
    private static bool Continues(LabelledWindows recording, int window)
    {
        if (recording.Subjects[window - 1] != recording.Subjects[window] || recording.Classes[window - 1] != recording.Classes[window]) return false;
        int length = recording.Window.Length;
        for (int channel = 0; channel < recording.Window.ChannelCount; channel++)
        {
            if (!recording[window - 1].Slice(channel * length + Half, Half).SequenceEqual(recording[window].Slice(channel * length, Half))) return false;
        }

        return true;
    }
}
