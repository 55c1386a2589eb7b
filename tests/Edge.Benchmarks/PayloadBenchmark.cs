using System.CommandLine;
using System.Globalization;
using System.IO.Compression;
using Edge.Storage;

namespace Edge.Benchmarks;

/// <summary><c>payload</c>: what a stored window costs in bytes and time, whether compression pays on top, and what choosing costs.</summary>
internal static class PayloadBenchmark
{
    private const int Channels = 9, RoundCount = 7;
    private static readonly PayloadKind[] s_kinds = [PayloadKind.Float32, PayloadKind.Float16, PayloadKind.Int16];

    /// <summary>The verb.</summary>
    public static Command Create()
    {
        var data = new Option<string>("--data") { Description = "Data set of windows.", DefaultValueFactory = _ => "uci-har" };
        var count = new Option<int>("--windows") { Description = "Windows of the training split that are measured.", DefaultValueFactory = _ => 2000 };
        var file = new Option<string?>("--out") { Description = "File for the report, beside standard output." };
        var command = new Command("payload", "Bytes and time of a stored window, with and without compression, and the time of an offer.") { data, count, file };
        command.SetAction(parsed => Run(parsed.GetValue(data)!, parsed.GetValue(count), parsed.GetValue(file)));
        return command;
    }

    private static void Run(string data, int count, string? file)
    {
        var train = DatasetReader.Read(data, new DatasetReadOptions(), null, CancellationToken.None).Train;
        float[][] windows = [.. Enumerable.Range(0, Math.Min(count, train.Count)).Select(i => train[i * (train.Count / Math.Min(count, train.Count))].ToArray())];
        List<string> lines = ["# Payload", "", $"{windows.Length} windows of {Channels} x {windows[0].Length / Channels} ({data}); CPU time, medians of {RoundCount} rounds.", ""];
        lines.AddRange(Kinds(windows));
        lines.AddRange(Compression(windows));
        lines.AddRange(Policies());
        lines.AddRange(Machine.Facts());
        lines.Add($"- `dotnet run -c Release --project tests/Edge.Benchmarks -- payload --windows {count}`");
        Machine.Publish(lines, file);
    }

    private static IEnumerable<string> Kinds(float[][] windows)
    {
        yield return "| payload | bytes of values | bytes of record | records/s written | records/s read | largest error / range of the channel | rms error / standard deviation of the channel |";
        yield return "|---|---:|---:|---:|---:|---:|---:|";
        foreach (var kind in s_kinds)
        {
            Example[] examples = [.. windows.Select((window, i) => new Example { Id = (ulong)i + 1, WindowId = (ulong)i, Class = "walking", StartSeconds = i, LabelledAt = DateTimeOffset.UnixEpoch, Samples = window })];
            byte[][] records = new byte[examples.Length][];
            float[][] read = new float[examples.Length][];
            double write = Seconds(() =>
            {
                for (int i = 0; i < examples.Length; i++) records[i] = ExampleRecord.Write(examples[i], kind, Channels);
            });
            double readBack = Seconds(() =>
            {
                for (int i = 0; i < examples.Length; i++) read[i] = ExampleRecord.Read(records[i], (ulong)i + 1)!.Samples;
            });
            var (largest, rms) = Errors(windows, read);
            yield return Line($"| {kind} | {ExampleRecord.PayloadBytesOf(records[0])} | {records[0].Length} | {windows.Length / write:0} | {windows.Length / readBack:0} | {largest:0.0e+0} | {rms:0.0e+0} |");
        }

        yield return "";
    }

    private static IEnumerable<string> Compression(float[][] windows)
    {
        yield return "Each window compressed on its own, as a record would hold it. Rearranged: differences of neighbours within the channel (of the bits, as whole numbers), then all low bytes, then all next ones, …";
        yield return "";
        yield return "| payload | compressor | rearranged | bytes / bytes of the payload | bytes / bytes of Float32 | windows/s compressed | windows/s unpacked |";
        yield return "|---|---|---|---:|---:|---:|---:|";
        foreach (var kind in s_kinds)
        {
            byte[][] payloads = [.. windows.Select(window => Payload(kind, window))];
            foreach (bool isRearranged in new[] { false, true })
            {
                int valueBytes = kind == PayloadKind.Float32 ? 4 : 2, head = kind == PayloadKind.Int16 ? Channels * 8 : 0;
                byte[][] plain = isRearranged ? [.. payloads.Select(payload => Rearranged(payload, head, valueBytes))] : payloads;
                foreach (string compressor in new[] { "Deflate", "ZLib", "Brotli" })
                {
                    byte[][] packed = new byte[plain.Length][];
                    double pack = Seconds(() =>
                    {
                        for (int i = 0; i < plain.Length; i++) packed[i] = Pack(compressor, isRearranged ? Rearranged(payloads[i], head, valueBytes) : plain[i]);
                    });
                    double unpack = Seconds(() =>
                    {
                        for (int i = 0; i < plain.Length; i++) Unpack(compressor, packed[i], plain[i].Length);
                    });
                    double bytes = packed.Average(p => (double)p.Length);
                    yield return Line($"| {kind} | {compressor}, fastest | {(isRearranged ? "yes" : "no")} | {bytes / plain[0].Length:0.00} | {bytes / (windows[0].Length * 4):0.00} | {windows.Length / pack:0} | {windows.Length / unpack:0} |");
                }
            }
        }

        yield return "";
    }

    private static IEnumerable<string> Policies()
    {
        yield return "An offer to a full buffer, six classes, 27 features (a window of nine channels):";
        yield return "";
        yield return "| policy | µs, 300 kept | µs, 6000 kept | bytes of its counters |";
        yield return "|---|---:|---:|---:|";
        foreach (var kind in Enum.GetValues<RetentionKind>())
        {
            var random = new Random(1);
            var (small, bytes) = Offer(kind, 300, 2000, random);
            var (large, _) = Offer(kind, 6000, kind == RetentionKind.Herding ? 60 : 2000, random);
            yield return Line($"| {kind} | {small * 1e6:0.0} | {large * 1e6:0.0} | {bytes} |");
        }

        yield return "";
    }

    private static (double Seconds, int Bytes) Offer(RetentionKind kind, int capacity, int offered, Random random)
    {
        var policy = RetentionPolicy.Of(kind, new RetentionBudget(capacity), 1, 16, 600);
        ulong id = 0;
        while (id < (ulong)capacity) policy.Offer(Next());
        var facts = Enumerable.Range(0, offered).Select(_ => Next()).ToArray();
        foreach (var example in facts[..(offered / 2)]) policy.Offer(example);
        var start = Environment.CpuUsage.TotalTime;
        foreach (var example in facts[(offered / 2)..]) policy.Offer(example);
        return ((Environment.CpuUsage.TotalTime - start).TotalSeconds * 2 / offered, policy.Counters.Own.Length);

        ExampleFacts Next() => new(++id, $"class {id % 6}", id, 4608, Enumerable.Range(0, 27).Select(_ => random.NextSingle()).ToArray());
    }

    private static (double Largest, double Rms) Errors(float[][] windows, float[][] read)
    {
        double largest = 0, squares = 0;
        for (int i = 0; i < windows.Length; i++)
        {
            int length = windows[i].Length / Channels;
            for (int c = 0; c < Channels; c++)
            {
                var channel = windows[i].AsSpan(c * length, length).ToArray();
                double range = Math.Max(channel.Max() - channel.Min(), 1e-30), mean = channel.Average(), deviation = Math.Max(Math.Sqrt(channel.Average(v => (v - mean) * (v - mean))), 1e-30);
                double sum = 0;
                for (int t = 0; t < length; t++)
                {
                    double error = Math.Abs(read[i][c * length + t] - (double)channel[t]);
                    largest = Math.Max(largest, error / range);
                    sum += error * error;
                }

                squares += sum / length / deviation / deviation;
            }
        }

        return (largest, Math.Sqrt(squares / windows.Length / Channels));
    }

    private static byte[] Payload(PayloadKind kind, float[] window)
    {
        byte[] bytes = new byte[PayloadCodec.BytesOf(kind, window.Length, Channels)];
        PayloadCodec.Write(kind, window, Channels, bytes);
        return bytes;
    }

    private static byte[] Rearranged(byte[] payload, int head, int valueBytes)
    {
        int count = (payload.Length - head) / valueBytes, length = count / Channels;
        byte[] bytes = new byte[payload.Length];
        payload.AsSpan(0, head).CopyTo(bytes);
        for (int i = 0; i < count; i++)
        {
            int place = head + i * valueBytes;
            uint value = Value(place), before = i % length == 0 ? 0 : Value(place - valueBytes), difference = value - before;
            for (int b = 0; b < valueBytes; b++) bytes[head + b * count + i] = (byte)(difference >> (8 * b));
        }

        return bytes;

        uint Value(int place) => valueBytes == 4 ? BitConverter.ToUInt32(payload, place) : BitConverter.ToUInt16(payload, place);
    }

    private static byte[] Pack(string compressor, byte[] bytes)
    {
        using var memory = new MemoryStream(bytes.Length);
        using (Stream stream = compressor switch
        {
            "Deflate" => new DeflateStream(memory, CompressionLevel.Fastest),
            "ZLib" => new ZLibStream(memory, CompressionLevel.Fastest),
            _ => new BrotliStream(memory, CompressionLevel.Fastest),
        })
        {
            stream.Write(bytes);
        }

        return memory.ToArray();
    }

    private static void Unpack(string compressor, byte[] packed, int length)
    {
        byte[] bytes = new byte[length];
        using var memory = new MemoryStream(packed);
        using Stream stream = compressor switch
        {
            "Deflate" => new DeflateStream(memory, CompressionMode.Decompress),
            "ZLib" => new ZLibStream(memory, CompressionMode.Decompress),
            _ => new BrotliStream(memory, CompressionMode.Decompress),
        };
        stream.ReadExactly(bytes);
    }

    private static double Seconds(Action action)
    {
        for (int warm = 0; warm < 3; warm++) action();
        double[] seconds = new double[RoundCount];
        for (int round = 0; round < RoundCount; round++)
        {
            var start = Environment.CpuUsage.TotalTime;
            action();
            seconds[round] = (Environment.CpuUsage.TotalTime - start).TotalSeconds;
        }

        return seconds.Order().ElementAt(RoundCount / 2);
    }

    private static string Line(FormattableString line) => line.ToString(CultureInfo.InvariantCulture);
}
