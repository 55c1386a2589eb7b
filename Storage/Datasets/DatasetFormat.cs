using System.Text;

namespace Edge.Storage;

/// <summary>The formats that are told apart by how a file begins; its name only decides where the beginning says nothing.</summary>
internal enum DatasetFormat
{
    Npz,
    Ts,
    Arff,
    Libsvm,
    Csv,
}

/// <summary>Looks at the beginning of a file.</summary>
internal static class DatasetSniff
{
    private const int HeadBytes = 64 * 1024;

    /// <exception cref="InvalidDataException">It is empty, or not text.</exception>
    public static DatasetFormat FormatOf(DatasetFile file)
    {
        byte[] head = new byte[(int)Math.Min(HeadBytes, Math.Max(1, file.LengthBytes))];
        int read;
        using (var stream = file.Open()) read = stream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
        var rest = head.AsSpan(0, read);
        if (rest.StartsWith("PK\u0003\u0004"u8)) return DatasetFormat.Npz;
        if (rest.Contains((byte)0)) throw MalformedFile.Whole(file.Display, "text, or a zip of .npy arrays (.npz), and it is neither", "Name a data file.");
        while (!rest.IsEmpty)
        {
            int feed = rest.IndexOf((byte)'\n');
            var line = (feed < 0 ? rest : rest[..feed]).Trim("\uFEFF\r \t"u8);
            rest = feed < 0 ? [] : rest[(feed + 1)..];
            if (line.IsEmpty || line[0] is (byte)'#' or (byte)'%') continue;
            if (line[0] == '@') return Encoding.UTF8.GetString(line[..Math.Min(line.Length, 10)]).StartsWith("@relation", StringComparison.OrdinalIgnoreCase) ? DatasetFormat.Arff : DatasetFormat.Ts;
            return IsLibsvm(line) ? DatasetFormat.Libsvm : DatasetFormat.Csv;
        }

        return Path.GetExtension(file.Name).ToLowerInvariant() switch
        {
            ".ts" => DatasetFormat.Ts,
            ".arff" => DatasetFormat.Arff,
            _ => throw MalformedFile.Whole(file.Display, $"data within the first {HeadBytes / 1024} KiB, and there are {(read == 0 ? "no bytes" : "comments only")}", "Name a data file."),
        };
    }

    /// <summary><c>label index:value …</c>: the second word begins with digits and a colon.</summary>
    private static bool IsLibsvm(ReadOnlySpan<byte> line)
    {
        int space = line.IndexOfAny((byte)' ', (byte)'\t');
        if (space < 0) return false;
        var second = line[space..].TrimStart(" \t"u8);
        int digits = second.IndexOfAnyExceptInRange((byte)'0', (byte)'9');
        return digits > 0 && second[digits] == ':';
    }
}
