using System.Buffers.Text;

namespace Edge.Storage;

/// <summary>
/// The UCI HAR archive (Anguita et al. 2013, A Public Domain Dataset for Human Activity Recognition Using Smartphones), read from the publisher's zip without unpacking, or from the unpacked folder. 50 Hz, windows of 128
/// samples with 50 % overlap. Channels: total_acc x y z and body_acc x y z in g, body_gyro x y z in rad/s. The official splits hold different subjects.
/// </summary>
public static class UciHarArchive
{
    /// <summary>The zip's usual name.</summary>
    public const string FileName = "UCI_HAR_Dataset_inertial.zip";

    /// <summary>The folder within it.</summary>
    public const string FolderName = "UCI HAR Dataset";

    private const int WindowLength = 128;
    private const int LargestLineBytes = 1 << 20;

    /// <summary>Channels in order.</summary>
    public static IReadOnlyList<string> Channels { get; } = [.. from kind in new[] { "total_acc", "body_acc", "body_gyro" } from axis in "xyz" select $"{kind}_{axis}"];

    /// <summary>Class names in the order of the archive's labels 1 to 6.</summary>
    public static IReadOnlyList<string> ClassNames { get; } = ["walking", "walkingUpstairs", "walkingDownstairs", "sitting", "standing", "laying"];

    /// <summary>Shape of its windows.</summary>
    public static WindowShape Window { get; } = new(9, WindowLength, 50);

    /// <summary>Finds the archive: <paramref name="configured"/> (the zip, the unpacked folder, or the folder that holds either), else the folder in EDGE_DATA, else <c>../shared/data</c>.</summary>
    /// <exception cref="FileNotFoundException">Nowhere there; the message lists the places and the remedy.</exception>
    public static string Locate(string configured)
    {
        string[] folders = configured.Length > 0 ? [configured] : [Environment.GetEnvironmentVariable("EDGE_DATA") is { Length: > 0 } data ? data : "../shared/data", "../shared/data"];
        string[] places = [.. configured.Length > 0 ? [configured] : Array.Empty<string>(), .. from folder in folders from name in new[] { FileName, FolderName } select Path.Combine(folder, name)];
        return places.FirstOrDefault(place => File.Exists(place) || File.Exists(Path.Combine(place, "train", "y_train.txt"))) ?? throw new FileNotFoundException(
            $"the UCI HAR archive is not at {string.Join(" nor at ", places.Distinct().Select(Path.GetFullPath))}. Download it from the UCI repository (the zip with the 'Inertial Signals' folders) and set sensor.uciHar.path or the environment variable EDGE_DATA to its folder.");
    }

    /// <summary>Reads one split, or some classes of it.</summary>
    /// <param name="path">The zip, or the folder that it was unpacked to.</param>
    /// <param name="split"><c>train</c> (7352 windows of 21 subjects) or <c>test</c> (2947 of 9 others).</param>
    /// <param name="classes">Names of the classes wanted; null: all. What is not wanted takes no memory.</param>
    /// <exception cref="InvalidDataException">An entry is missing or malformed; the message says entry, line and what was expected.</exception>
    public static LabelledWindows Read(string path, string split, IReadOnlyCollection<string>? classes = null)
    {
        using var files = DatasetFiles.Open(path);
        return Read(files, split, classes, new LoadMeter(null, TimeProvider.System, CancellationToken.None));
    }

    /// <summary>Whether these files are the archive's.</summary>
    internal static bool IsIn(DatasetFiles files) => Find(files, "train/y_train.txt") is not null && files.All.Any(f => f.Name.Contains("train/Inertial Signals/", StringComparison.Ordinal));

    /// <summary>Bytes of what both splits read.</summary>
    internal static long Bytes(DatasetFiles files) => files.All.Where(f => f.Name.Contains("/Inertial Signals/", StringComparison.Ordinal) || Path.GetFileName(f.Name) is "y_train.txt" or "y_test.txt" or "subject_train.txt" or "subject_test.txt").Sum(f => f.LengthBytes);

    internal static LabelledWindows Read(DatasetFiles files, string split, IReadOnlyCollection<string>? classes, LoadMeter meter)
    {
        int[] labels = Integers(files, $"{split}/y_{split}.txt", 1, ClassNames.Count, meter);
        int[] subjects = Integers(files, $"{split}/subject_{split}.txt", 1, int.MaxValue, meter);
        if (labels.Length != subjects.Length) throw new InvalidDataException($"{files.Path}: y_{split}.txt has {labels.Length} lines, subject_{split}.txt {subjects.Length}; expected as many.");
        bool[] wanted = [.. labels.Select(label => classes is null || classes.Contains(ClassNames[label - 1]))];
        float[] values = new float[wanted.Count(w => w) * Window.ValueCount];
        for (int channel = 0; channel < Channels.Count; channel++)
            ReadChannel(Required(files, $"{split}/Inertial Signals/{Channels[channel]}_{split}.txt"), values, channel, wanted, meter);
        return new LabelledWindows
        {
            Window = Window,
            Values = values,
            Classes = [.. labels.Where((_, i) => wanted[i]).Select(label => label - 1)],
            Subjects = [.. subjects.Where((_, i) => wanted[i])],
            ClassNames = ClassNames,
            ChannelNames = Channels,
        };
    }

    private static void ReadChannel(DatasetFile file, float[] values, int channel, bool[] wanted, LoadMeter meter)
    {
        // Through a small buffer: one channel is 15 MB of text, and a device has better uses for its memory.
        using var lines = file.Lines(meter, LargestLineBytes);
        string name = file.Display;
        int kept = 0;
        for (int window = 0; window < wanted.Length; window++)
        {
            if (!lines.Read(out var line)) throw new InvalidDataException($"{name} ends after line {window}; the labels have {wanted.Length} lines.");
            if (!wanted[window]) continue;
            var target = values.AsSpan((kept++ * Channels.Count + channel) * WindowLength, WindowLength);
            for (int i = 0; i < WindowLength; i++)
            {
                line = line.TrimStart((byte)' ');
                if (!Utf8Parser.TryParse(line, out target[i], out int used) || !float.IsFinite(target[i]))
                    throw new InvalidDataException($"{name}, line {window + 1}: expected {WindowLength} finite numbers, value {i + 1} is not one.");
                line = line[used..];
            }

            if (!line.Trim("\r "u8).IsEmpty) throw new InvalidDataException($"{name}, line {window + 1}: expected {WindowLength} numbers, there are more.");
        }

        while (lines.Read(out var rest))
        {
            if (!rest.Trim("\r "u8).IsEmpty) throw new InvalidDataException($"{name} has more than the {wanted.Length} lines that the labels have.");
        }
    }

    private static int[] Integers(DatasetFiles files, string name, int least, int most, LoadMeter meter)
    {
        var numbers = new List<int>();
        using var lines = Required(files, name).Lines(meter, LargestLineBytes);
        while (lines.Read(out var line))
        {
            line = line.Trim("\r "u8);
            if (line.IsEmpty) continue;
            if (!Utf8Parser.TryParse(line, out int number, out int used) || used != line.Length || number < least || number > most)
                throw new InvalidDataException($"{files.Path}: {name}, line {lines.LineNumber}: expected a whole number from {least} to {most}, not '{System.Text.Encoding.UTF8.GetString(line[..Math.Min(line.Length, 40)])}'.");
            numbers.Add(number);
        }

        return [.. numbers];
    }

    private static DatasetFile? Find(DatasetFiles files, string name) => files.All.FirstOrDefault(f => f.Name == name || f.Name.EndsWith("/" + name, StringComparison.Ordinal));

    private static DatasetFile Required(DatasetFiles files, string name) =>
        Find(files, name) ?? throw new InvalidDataException($"{files.Path} has no entry '…/{name}'; expected the publisher's layout 'UCI HAR Dataset/{name}'.");
}
