using System.Globalization;
using System.Text;
using Edge.Storage;

namespace Edge.EndToEnd.Tests.World;

/// <summary>A small recording in the layout of the UCI HAR archive, written into a folder: of each class one person's signal of so many windows, with what a test puts in its place.</summary>
internal sealed class RecordedPeople
{
    private const int Length = 128, Half = 64;
    private static readonly string[] s_kinds = ["train", "test"];
    private readonly Dictionary<(string Split, int Class), float[][]> signals = [];

    /// <param name="windowsOf">Windows of a class in the streamed split, by its 0-based number.</param>
    /// <param name="judgedOn">Windows of each class in the split that is judged on.</param>
    public RecordedPeople(Func<int, int> windowsOf, int judgedOn)
    {
        var random = new Random(1);
        foreach (string split in s_kinds)
        {
            for (int c = 0; c < UciHarArchive.ClassNames.Count; c++)
            {
                int activity = c, samples = Half * ((split == "train" ? windowsOf(c) : judgedOn) + 1);
                signals[(split, c)] = [.. Enumerable.Range(0, UciHarArchive.Channels.Count).Select(channel => Enumerable.Range(0, samples).Select(t => Sample(activity, channel, t, random)).ToArray())];
            }
        }
    }

    /// <summary>[channel][sample] of a class in the streamed split, to be changed before <see cref="Write"/>.</summary>
    public float[][] SignalOf(int classIndex) => signals[("train", classIndex)];

    /// <summary>Windows of the streamed split.</summary>
    public int StreamedCount => Enumerable.Range(0, UciHarArchive.ClassNames.Count).Sum(c => Starts(SignalOf(c)).Count());

    /// <summary>Those of them in which a sample is none of a sensor.</summary>
    public int BrokenCount(float largestMagnitude) => Enumerable.Range(0, UciHarArchive.ClassNames.Count)
        .Sum(c => Starts(SignalOf(c)).Count(start => SignalOf(c).Any(channel => channel.AsSpan(start, Length).ToArray().Any(value => !(MathF.Abs(value) <= largestMagnitude)))));

    /// <summary>Writes both splits and returns the folder.</summary>
    public string Write(string folder)
    {
        foreach (string split in s_kinds)
        {
            string path = Path.Combine(folder, UciHarArchive.FolderName, split);
            Directory.CreateDirectory(Path.Combine(path, "Inertial Signals"));
            var classes = Enumerable.Range(0, UciHarArchive.ClassNames.Count).SelectMany(c => Starts(signals[(split, c)]).Select(_ => c)).ToList();
            File.WriteAllLines(Path.Combine(path, $"y_{split}.txt"), classes.Select(c => $"{c + 1}"));
            File.WriteAllLines(Path.Combine(path, $"subject_{split}.txt"), classes.Select(_ => split == "train" ? "1" : "2"));
            for (int channel = 0; channel < UciHarArchive.Channels.Count; channel++)
                File.WriteAllText(Path.Combine(path, "Inertial Signals", $"{UciHarArchive.Channels[channel]}_{split}.txt"), Lines(split, channel));
        }

        return Path.Combine(folder, UciHarArchive.FolderName);
    }

    private string Lines(string split, int channel)
    {
        var text = new StringBuilder();
        for (int c = 0; c < UciHarArchive.ClassNames.Count; c++)
        {
            float[] signal = signals[(split, c)][channel];
            foreach (int start in Starts(signals[(split, c)])) text.AppendJoin(' ', signal[start..(start + Length)].Select(value => value.ToString("R", CultureInfo.InvariantCulture))).Append('\n');
        }

        return text.ToString();
    }

    private static IEnumerable<int> Starts(float[][] signal) => Enumerable.Range(0, signal[0].Length / Half - 1).Select(window => window * Half);

    private static float Sample(int activity, int channel, int t, Random random) =>
        MathF.Round((channel == 0 ? 1 : 0) + 0.2f * activity + 0.5f * MathF.Sin(0.1f * (activity + 1) * t + channel) + 0.1f * random.NextSingle(), 4);
}
