using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Edge.Storage;

namespace Edge.Benchmarks;

/// <summary><c>replay</c>: the replay buffer with windows of 9 x 128 float32: durable ingest, bytes written, opening, drawing, and a long life of coming and going.</summary>
internal static class ReplayBenchmark
{
    /// <summary>The verb.</summary>
    public static Command Create()
    {
        var folder = new Option<string?>("--folder") { Description = "Where the stores are made; the disk that is measured. Default: the system's folder for temporary files." };
        var windows = new Option<int>("--windows") { Description = "Windows in the store that is opened and drawn from.", DefaultValueFactory = _ => 20_000 };
        var cycles = new Option<int>("--cycles") { Description = "Examples that come and go; 0: left out.", DefaultValueFactory = _ => 200_000 };
        var file = new Option<string?>("--out") { Description = "File for the report, beside standard output." };
        var command = new Command("replay", "The replay buffer: ingest, bytes written, opening, drawing, memory.") { folder, windows, cycles, file };
        command.SetAction((parsed, _) => RunAsync(parsed.GetValue(folder) ?? Path.GetTempPath(), parsed.GetValue(windows), parsed.GetValue(cycles), parsed.GetValue(file)));
        return command;
    }

    private static async Task RunAsync(string parent, int windowCount, int cycleCount, string? file)
    {
        string folder = Directory.CreateDirectory(Path.Combine(parent, $"edge-replay-{Environment.ProcessId}")).FullName;
        try
        {
            List<ReplayRow> rows =
            [
                .. cycleCount > 0 ? await ReplayChurn.MeasureAsync(folder, cycleCount) : [], // First: a heap that another part has blown up shrinks meanwhile.
                .. await ReplayIngest.MeasureAsync(folder),
                .. await ReplayOpening.MeasureAsync(folder, windowCount),
            ];
            List<string> lines =
            [
                "# The replay buffer", "",
                "Windows of 9 x 128 float32, 4608 bytes of payload. Bytes written are `write_bytes` of `/proc/self/io`: what the process handed to the block layer, journal of the store included, the file system's own metadata not.", "",
                "| what | measured | compared with | ratio | bar |", "|---|---:|---:|---:|---|",
                .. rows.Select(row => $"| {row.What} | {row.Measured} | {row.Reference} | {row.Ratio} | {row.Bar} |"), "",
                .. Machine.Facts(),
                $"- LiteDB {typeof(ReplayBuffer).Assembly.GetReferencedAssemblies().Single(name => name.Name == "LiteDB").Version}; file system of the stores: {new DriveInfo(folder).DriveFormat}; warm: every file is in the system's page cache when it is read",
                $"- `dotnet run -c Release --project tests/Edge.Benchmarks -- replay --windows {windowCount} --cycles {cycleCount}`",
            ];
            Machine.Publish(lines, file);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}

/// <summary>A row of the table.</summary>
internal sealed record ReplayRow(string What, string Measured, string Reference, string Ratio, string Bar);

/// <summary>What the parts of the benchmark share: the windows, the store, the clock.</summary>
internal static class ReplayLoad
{
    public const int ValueCount = 9 * 128, PayloadBytes = ValueCount * sizeof(float);
    private static readonly Random s_random = new(1);

    public static ReplayBufferOptions Options(int capacity, int freshCapacity) => new()
    {
        Capacity = capacity, AnchorCapacity = 60, AnchorShare = 0, AnchorBlockSeconds = 10, FreshCapacity = freshCapacity, Seed = 1, WindowValueCount = ValueCount, CopyCount = 0,
    };

    public static ReplayBuffer Open(string path, int capacity, int freshCapacity) => ReplayBuffer.Open(path, Options(capacity, freshCapacity), TimeProvider.System);

    public static Example[] Windows(int count)
    {
        var windows = new Example[count];
        for (int i = 0; i < count; i++)
        {
            float[] samples = new float[ValueCount];
            for (int k = 0; k < ValueCount; k++) samples[k] = s_random.NextSingle();
            windows[i] = new Example { WindowId = (ulong)i, Class = "abcdef"[i % 6].ToString(), StartSeconds = i * 1.28, LabelledAt = DateTimeOffset.UnixEpoch, Samples = samples };
        }

        return windows;
    }

    public static long WrittenBytes() => long.Parse(File.ReadLines("/proc/self/io").First(line => line.StartsWith("write_bytes", StringComparison.Ordinal)).Split(' ')[1], CultureInfo.InvariantCulture);

    public static double Milliseconds(Action work)
    {
        long start = Stopwatch.GetTimestamp();
        work();
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }

    public static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted[sorted.Length / 2];
    }

    public static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
