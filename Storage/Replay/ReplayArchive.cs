using System.Globalization;
using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Edge.Storage;

/// <summary>
/// Examples as a .npz: <c>X</c> float32 [N, C, T], <c>y</c> int32 [N], <c>classes</c> text [K], <c>sample_rate_hz</c>, and beside what every data set has: <c>id</c> uint64, <c>window_id</c> uint64, <c>role</c> uint8
/// (1 replay, 2 anchor, 3 fresh), <c>start_seconds</c> float64, <c>labelled_at_ms</c> int64 (Unix), each [N]. numpy.load and <see cref="DatasetReader"/> read it.
/// </summary>
public static class ReplayArchive
{
    private const int BatchCount = 256;
    private const double LatestStartSeconds = 1e12; // 32,000 years of stream; beyond it hold-out blocks and segments are no longer told apart.
    private const double LatestLabelMs = 62_135_596_800_000; // As far from 1970 as the first day that a DateTimeOffset knows.
    private static readonly string[] s_own = ["id", "window_id", "role", "start_seconds", "labelled_at_ms"];

    /// <summary>Writes examples whole: under a temporary name, then renamed. The samples are read batch by batch.</summary>
    /// <param name="path">The file.</param>
    /// <param name="buffer">Where the samples are.</param>
    /// <param name="examples">What is written, as listed; all of one window.</param>
    /// <param name="shape">Their window.</param>
    /// <param name="progress">Told how many are written.</param>
    /// <param name="cancel">Stops it; no file is left.</param>
    /// <exception cref="IOException">The disk refused; an older file stands.</exception>
    public static async Task WriteAsync(string path, ReplayBuffer buffer, IReadOnlyList<Example> examples, WindowShape shape, IProgress<long>? progress, CancellationToken cancel)
    {
        string temporary = path + ".tmp";
        string[] classes = [.. examples.Select(e => e.Class).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        int count = examples.Count;
        try
        {
            await using (var file = new FileStream(temporary, FileMode.Create, FileAccess.Write, FileShare.None))
            {
                using (var zip = new ZipArchive(file, ZipArchiveMode.Create, leaveOpen: true))
                {
                    await using (var x = NpzWriter.Begin(zip, "X", "<f4", count, shape.ChannelCount, shape.Length))
                    {
                        for (int done = 0; done < count; done += BatchCount)
                        {
                            cancel.ThrowIfCancellationRequested();
                            ulong[] ids = [.. examples.Skip(done).Take(BatchCount).Select(e => e.Id)];
                            var read = await buffer.ReadAsync(ids);
                            if (read.Count < ids.Length || read.Any(e => e.Samples.Length != shape.ValueCount)) throw new IOException($"{ids.Length - read.Count} examples could not be read any more. 'edge replay verify' says more.");
                            foreach (var example in read) x.Write(MemoryMarshal.AsBytes<float>(example.Samples));
                            progress?.Report(done + read.Count);
                        }
                    }

                    NpzWriter.Array(zip, "y", "<i4", MemoryMarshal.AsBytes<int>(examples.Select(e => Array.BinarySearch(classes, e.Class, StringComparer.Ordinal)).ToArray()), count);
                    NpzWriter.Texts(zip, "classes", classes);
                    NpzWriter.Array(zip, "sample_rate_hz", "<f8", BitConverter.GetBytes(shape.SampleRateHz));
                    NpzWriter.Array(zip, "id", "<u8", MemoryMarshal.AsBytes<ulong>(examples.Select(e => e.Id).ToArray()), count);
                    NpzWriter.Array(zip, "window_id", "<u8", MemoryMarshal.AsBytes<ulong>(examples.Select(e => e.WindowId).ToArray()), count);
                    NpzWriter.Array(zip, "role", "|u1", examples.Select(e => (byte)e.Role).ToArray(), count);
                    NpzWriter.Array(zip, "start_seconds", "<f8", MemoryMarshal.AsBytes<double>(examples.Select(e => e.StartSeconds).ToArray()), count);
                    NpzWriter.Array(zip, "labelled_at_ms", "<i8", MemoryMarshal.AsBytes<long>(examples.Select(e => e.LabelledAt.ToUnixTimeMilliseconds()).ToArray()), count);
                }

                file.Flush(flushToDisk: true);
            }

            DurableFile.Rename(temporary, path);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    /// <summary>
    /// Reads what may be imported: an archive written here, with its own starts and times, or any data set that <see cref="DatasetReader"/> reads (its training split), whose windows then start one stride after another from
    /// <paramref name="startSeconds"/>.
    /// </summary>
    /// <param name="spec">As <see cref="DatasetReader"/> takes it.</param>
    /// <param name="startSeconds">Stream time of the first window where the file does not say.</param>
    /// <param name="strideSeconds">Seconds from one window's start to the next where the file does not say.</param>
    /// <param name="now">When they count as labelled where the file does not say.</param>
    /// <param name="progress">Told how far the reading is.</param>
    /// <param name="cancel">Stops it.</param>
    /// <exception cref="InvalidDataException">It cannot be read; the message says file, place, what was expected and what to do.</exception>
    public static ReplayImport Read(string spec, double startSeconds, double strideSeconds, DateTimeOffset now, IProgress<LoadProgress>? progress, CancellationToken cancel)
    {
        var dataset = DatasetReader.Read(spec, new DatasetReadOptions { AllowsOneClass = true }, progress, cancel);
        var windows = dataset.Train;
        var own = File.Exists(spec) ? Columns(spec, windows.Count) : null;
        var notes = dataset.Notes.Where(note => own is null || !note.Contains("ignored the arrays", StringComparison.Ordinal)).ToList();
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(MemoryMarshal.AsBytes<float>(windows.Values));
        hash.AppendData(MemoryMarshal.AsBytes<int>(windows.Classes));
        foreach (string name in windows.ClassNames) hash.AppendData(System.Text.Encoding.UTF8.GetBytes(name + "\0"));
        if (own is not null) hash.AppendData(MemoryMarshal.AsBytes<double>(own["start_seconds"]));
        return new ReplayImport
        {
            Windows = windows,
            Source = Convert.ToHexStringLower(hash.GetHashAndReset()),
            Notes = notes,
            HasStarts = own is not null,
            Example = row => new Example
            {
                WindowId = own is null ? (ulong)row : (ulong)own["window_id"][row],
                Class = windows.ClassNames[windows.Classes[row]],
                StartSeconds = own is null ? startSeconds + row * strideSeconds : own["start_seconds"][row],
                LabelledAt = own is null ? now : DateTimeOffset.FromUnixTimeMilliseconds((long)own["labelled_at_ms"][row]),
                Samples = windows[row].ToArray(),
            },
        };
    }

    /// <summary>The arrays that only an archive written here has; null where one of them is missing.</summary>
    private static Dictionary<string, double[]>? Columns(string path, int count)
    {
        using var file = File.OpenRead(path);
        if (file.ReadByte() != 'P' || file.ReadByte() != 'K') return null;
        file.Position = 0;
        using var zip = new ZipArchive(file, ZipArchiveMode.Read);
        var columns = new Dictionary<string, double[]>(StringComparer.Ordinal);
        foreach (string name in s_own)
        {
            if (zip.GetEntry(name + ".npy") is not { } entry) return null;
            using var array = new NpyArray(entry.Open(), $"{path}: {name}");
            columns.Add(name, array.ToNumbers(1 << 28));
            double most = name switch { "start_seconds" => LatestStartSeconds, "labelled_at_ms" => LatestLabelMs, _ => 1e17 };
            int wrong = Array.FindIndex(columns[name], number => !(Math.Abs(number) <= most));
            if (columns[name].Length != count || wrong >= 0)
                throw new InvalidDataException(string.Create(CultureInfo.InvariantCulture, $"{path}: {name}: expected {count} numbers from {-most} to {most}, one for each case of X{(wrong >= 0 ? $"; number {wrong} is {columns[name][wrong]}" : $", there are {columns[name].Length}")}. Export it again."));
        }

        return columns;
    }
}

/// <summary>Examples that wait to be imported.</summary>
public sealed record ReplayImport
{
    /// <summary>The windows.</summary>
    public required LabelledWindows Windows { get; init; }

    /// <summary>Identity of the content: SHA-256 of samples, classes and starts.</summary>
    public required string Source { get; init; }

    /// <summary>Whether the file gives starts; else new ones were made for this import.</summary>
    public required bool HasStarts { get; init; }

    /// <summary>What was done to the data on the way in.</summary>
    public required IReadOnlyList<string> Notes { get; init; }

    /// <summary>The example of a row, 0-based.</summary>
    public required Func<int, Example> Example { get; init; }
}
