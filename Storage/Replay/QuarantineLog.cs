using System.Text.Json;

namespace Edge.Storage;

/// <summary>
/// Records that could not be read, moved out of the store so that they are not met again: one JSON object a line with number, document id, time, reason and the bytes (base64), newest last. At most 1 MiB of lines is kept; the
/// oldest go first, their number counts on. Of a record that alone is larger only what is said about it is kept.
/// </summary>
internal sealed class QuarantineLog(string path)
{
    /// <summary>Most bytes of the file.</summary>
    public const int MostBytes = 1 << 20;

    private static readonly JsonSerializerOptions s_json = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    /// <summary>Records that were ever put here.</summary>
    public long Count => Lines() is [.., var last] ? Parse(last)?.Number ?? 0 : 0;

    /// <summary>Those that are still here, oldest first.</summary>
    public IReadOnlyList<QuarantinedRecord> Records() => [.. Lines().Select(Parse).OfType<QuarantinedRecord>()];

    /// <summary>Adds records; they may leave the store when this has returned.</summary>
    /// <exception cref="IOException">The disk refused.</exception>
    public void Add(IReadOnlyCollection<(long Id, byte[] Bytes, string Reason)> records, DateTimeOffset now)
    {
        var lines = Lines();
        long number = lines is [.., var last] ? Parse(last)?.Number ?? lines.Count : 0;
        foreach (var (id, bytes, reason) in records)
        {
            bool fits = bytes.Length < MostBytes / 2; // Base64 takes four bytes for three.
            lines.Add(JsonSerializer.Serialize(new QuarantinedRecord(++number, id, now, fits ? reason : $"{reason}; its {bytes.Length} bytes are too many to keep", fits ? bytes : []), s_json));
        }

        Write(lines);
    }

    /// <summary>Lets all bytes go and keeps what is said about them.</summary>
    /// <exception cref="IOException">The disk refused.</exception>
    public void DropBytes()
    {
        if (File.Exists(path)) Write([.. Records().Select(record => JsonSerializer.Serialize(record with { Bytes = [] }, s_json))]);
    }

    private void Write(List<string> lines)
    {
        int first = Math.Max(0, lines.Count - 1);
        for (long bytes = lines is [.., var last] ? last.Length + 1 : 0; first > 0 && bytes + lines[first - 1].Length + 1 <= MostBytes; first--) bytes += lines[first - 1].Length + 1;
        DurableFile.Replace(path, System.Text.Encoding.UTF8.GetBytes(string.Concat(lines.Skip(first).Select(line => line + "\n"))));
    }

    private List<string> Lines() => File.Exists(path) ? [.. File.ReadAllLines(path).Where(line => line.Length > 0)] : [];

    private static QuarantinedRecord? Parse(string line)
    {
        try
        {
            return JsonSerializer.Deserialize<QuarantinedRecord>(line, s_json);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

/// <summary>A record that could not be read.</summary>
/// <param name="Number">Its number, from 1.</param>
/// <param name="Id">Id of its document; below 0 one of the store's own.</param>
/// <param name="At">When it was found.</param>
/// <param name="Reason">What was wrong.</param>
/// <param name="Bytes">The record as it was.</param>
public sealed record QuarantinedRecord(long Number, long Id, DateTimeOffset At, string Reason, byte[] Bytes);
