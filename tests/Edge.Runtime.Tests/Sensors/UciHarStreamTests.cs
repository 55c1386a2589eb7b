using Edge.Config;
using Edge.Runtime.Sensors;
using Edge.Runtime.Windowing;
using Edge.Storage;

namespace Edge.Runtime.Tests.Sensors;

/// <summary>A recording of overlapping windows, streamed: the windower cuts just those windows again, in class-incremental order.</summary>
public class UciHarStreamTests
{
    private static readonly WindowShape s_shape = new(9, 128, 50);

    [Fact]
    public async Task The_windower_gives_back_a_small_recording_bit_for_bit()
    {
        // Runs of overlapping windows, cut short by another class, another person or a hole in the recording.
        var recording = Recording([(0, 1, 4), (1, 1, 3), (0, 2, 2), (0, 2, 1), (2, 3, 5), (1, 3, 1), (3, 1, 2), (4, 1, 1), (5, 2, 3), (2, 3, 2)]);
        await GivesBackAsync(recording, []);
    }

    [Theory]
    [InlineData("laying", "sitting", "walking", "standing", "walkingDownstairs", "walkingUpstairs")]
    public async Task The_order_of_classes_is_the_configured_one(params string[] order)
    {
        var recording = Recording([(0, 1, 2), (1, 1, 2), (2, 2, 2), (3, 2, 2), (4, 3, 2), (5, 3, 2)]);
        await GivesBackAsync(recording, order);
    }

    [Fact]
    public async Task Windows_that_only_seem_to_overlap_are_not_joined()
    {
        // The same signal goes on, but it is another person's: joined, a window of two people would come out.
        var recording = Recording([(0, 1, 2), (1, 1, 1)]);
        var (subjects, stream) = (recording.Subjects.ToArray(), (UciHarStream?)null);
        subjects[1] = 9;
        stream = new UciHarStream(recording with { Subjects = subjects }, []);
        var block = new SampleBlock(9, 128);
        await stream.ReadAsync(block, TestContext.Current.CancellationToken);
        await stream.ReadAsync(block, TestContext.Current.CancellationToken);
        Assert.True(block.StartsAfterGap);
        Assert.Equal(128, block.SampleCount);
    }

    [Fact]
    public async Task The_archive_comes_back_whole_bit_for_bit_in_three_steps_of_two_classes()
    {
        var archive = UciHarArchive.Read(RecordedData.UciHar(), "train");
        Assert.Equal(7352, archive.Count);
        var (joined, gaps) = await GivesBackAsync(archive, []);
        Assert.Equal(7352, joined + gaps);
        Assert.True(joined > 10 * gaps, $"{joined} joined, {gaps} after a gap"); // Almost all of it is one signal again.
    }

    [Fact]
    public void A_window_that_the_archive_does_not_have_is_refused()
    {
        var settings = new SensorSection { Kind = "uciHar", UciHar = new UciHarSensorSection { Path = RecordedData.UciHar() } };
        Assert.Throws<InvalidOperationException>(() => new UciHarStream(settings, new WindowSection { Stride = 32 }));
    }

    [Fact]
    public void An_archive_that_is_not_there_is_named_with_the_remedy()
    {
        var config = new DeviceConfig { Sensor = new SensorSection { Kind = "uciHar", UciHar = new UciHarSensorSection { Path = "/nowhere" } } };
        string message = Assert.Throws<FileNotFoundException>(() => SensorCatalogue.Open(config, 0)).Message;
        Assert.Contains("/nowhere", message);
        Assert.Contains("sensor.uciHar.path", message);
    }

    private static async Task<(int Joined, int Gaps)> GivesBackAsync(LabelledWindows recording, string[] order)
    {
        var stream = new UciHarStream(recording, order);
        var windower = new Windower(s_shape, 64, 1);
        var pool = new WindowPool(s_shape);
        var cut = new Queue<Window>();
        string[] classes = order.Length > 0 ? order : [.. recording.ClassNames];
        var expected = classes.Chunk(2).Select(names => new Queue<int>(Enumerable.Range(0, recording.Count).Where(i => names.Contains(recording.ClassNames[recording.Classes[i]])))).ToList();
        Assert.Equal(3, stream.StepCount);
        Assert.Equal(classes, Enumerable.Range(0, 3).SelectMany(stream.ClassesOf));

        int step = 0, joined = 0, gaps = 0;
        long samples = 0;
        while (true)
        {
            var block = new SampleBlock(9, stream.BlockCapacity);
            var reading = await stream.ReadAsync(block, TestContext.Current.CancellationToken);
            if (reading == SensorReading.StreamEnd) break;
            if (reading == SensorReading.StepEnd)
            {
                Assert.Empty(expected[step++]); // All of this step's classes came before its end, and none of the next one's.
                continue;
            }

            Assert.Equal(samples / 50.0, block.StartSeconds, 1e-9);
            block.FirstSample = samples;
            samples += block.SampleCount;
            _ = block.StartsAfterGap ? gaps++ : joined++;
            Assert.Equal(1, windower.Push(block, pool, cut, static (queue, window) => queue.Enqueue(window)));
            var window = cut.Dequeue();
            int recorded = expected[step].Dequeue();
            Assert.True(recording[recorded].SequenceEqual(window.Samples), $"recorded window {recorded} came out changed");
            Assert.Equal(recording.ClassNames[recording.Classes[recorded]], window.Truth);
            pool.Return(window);
        }

        Assert.Equal(3, step);
        Assert.Equal(0, windower.BrokenCount + windower.LostCount);
        Assert.Equal(SensorReading.StreamEnd, await stream.ReadAsync(new SampleBlock(9, 128), TestContext.Current.CancellationToken)); // And it stays so.
        return (joined, gaps);
    }

    /// <summary>Windows of 128 with half overlap, cut from one noise signal per run of (class, subject, windows).</summary>
    private static LabelledWindows Recording((int Class, int Subject, int Count)[] runs)
    {
        var random = new Random(3);
        var values = new List<float>();
        foreach (var run in runs)
        {
            float[][] signal = [.. Enumerable.Range(0, 9).Select(_ => Enumerable.Range(0, 64 * (run.Count + 1)).Select(_ => (float)random.NextDouble()).ToArray())];
            for (int window = 0; window < run.Count; window++)
                foreach (float[] channel in signal) values.AddRange(channel.AsSpan(64 * window, 128));
        }

        return new LabelledWindows
        {
            Window = s_shape,
            Values = [.. values],
            Classes = [.. runs.SelectMany(r => Enumerable.Repeat(r.Class, r.Count))],
            Subjects = [.. runs.SelectMany(r => Enumerable.Repeat(r.Subject, r.Count))],
            ClassNames = UciHarArchive.ClassNames,
        };
    }
}
