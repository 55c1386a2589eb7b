using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Edge.Storage;

/// <summary>
/// Header of a .npy array (NumPy's format, versions 1 to 3): magic, version, length, and a Python dictionary of exactly <c>descr</c>, <c>fortran_order</c> and <c>shape</c>. Read strictly: anything else is refused,
/// never guessed, and objects (which NumPy would unpickle) never.
/// </summary>
/// <param name="Descr">Element type as NumPy writes it, little-endian: <c>&lt;f4</c>, <c>|i1</c>, <c>&lt;U12</c>.</param>
/// <param name="IsFortran">The first index runs fastest.</param>
/// <param name="Shape">Lengths of the axes; empty for a single number.</param>
internal sealed record NpyHeader(string Descr, bool IsFortran, int[] Shape)
{
    private const int LargestHeaderBytes = 1 << 16;

    /// <summary><c>f</c>, <c>i</c>, <c>u</c>, <c>b</c> (truth), <c>U</c> (UTF-32 text) or <c>S</c> (bytes).</summary>
    public char Kind => Descr[1];

    /// <summary>Bytes of one element.</summary>
    public int ItemBytes => int.Parse(Descr.AsSpan(2), CultureInfo.InvariantCulture) * (Kind == 'U' ? 4 : 1);

    /// <summary>Number of elements.</summary>
    public long Count => Shape.Aggregate(1L, (product, length) => checked(product * length));

    /// <summary>The shape as Python writes it.</summary>
    public string ShapeText => Shape.Length == 1 ? $"({Shape[0]},)" : $"({string.Join(", ", Shape)})";

    /// <summary>Reads a header and leaves the stream at the first element.</summary>
    /// <exception cref="InvalidDataException">It is not one; the message says what was expected.</exception>
    public static NpyHeader Read(Stream stream, string name)
    {
        Span<byte> start = stackalloc byte[12];
        if (stream.ReadAtLeast(start[..8], 8, throwOnEndOfStream: false) < 8 || start[0] != 0x93 || !start[1..6].SequenceEqual("NUMPY"u8))
            throw Wrong(name, "the first bytes of a .npy array (\\x93NUMPY)", "Write it with numpy.savez.");
        int version = start[6];
        if (version is < 1 or > 3 || start[7] != 0) throw Wrong(name, $".npy version 1.0, 2.0 or 3.0, not {version}.{start[7]}", "Write it with numpy.savez.");
        int lengthBytes = version == 1 ? 2 : 4;
        Fill(stream, start.Slice(8, lengthBytes), name);
        uint length = version == 1 ? BinaryPrimitives.ReadUInt16LittleEndian(start[8..]) : BinaryPrimitives.ReadUInt32LittleEndian(start[8..]);
        if (length > LargestHeaderBytes) throw Wrong(name, $"a header of at most {LargestHeaderBytes} bytes, it says {length}", "Write it with numpy.savez.");
        byte[] text = new byte[length];
        Fill(stream, text, name);
        return new Literal(Encoding.UTF8.GetString(text), name).Header();
    }

    private static void Fill(Stream stream, Span<byte> bytes, string name)
    {
        if (stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false) < bytes.Length) throw Wrong(name, "a whole header, it is cut short", "Is it the whole file?");
    }

    private static InvalidDataException Wrong(string name, string expected, string remedy) => MalformedFile.Whole(name, expected, remedy);

    /// <summary>The dictionary, token by token.</summary>
    private sealed class Literal(string text, string name)
    {
        private int at;

        public NpyHeader Header()
        {
            string? descr = null;
            bool? fortran = null;
            int[]? shape = null;
            Take("{");
            while (!Try("}"))
            {
                string key = Quoted();
                Take(":");
                if (key == "descr" && descr is null) descr = Descr();
                else if (key == "fortran_order" && fortran is null) fortran = Try("True") || (Try("False") ? false : throw Bad("True or False"));
                else if (key == "shape" && shape is null) shape = Tuple();
                else throw Bad("the keys descr, fortran_order and shape, each once");
                if (!Try(",") && !At("}")) throw Bad("a comma or }");
            }

            if (text.AsSpan(at).Trim(" \n").Length > 0) throw Bad("nothing after }");
            return descr is not null && fortran is not null && shape is not null ? new NpyHeader(descr, fortran.Value, shape) : throw Bad("the keys descr, fortran_order and shape");
        }

        private string Descr()
        {
            if (At("[")) throw Wrong(name, "one element type, it has fields (a structured array)", "Save each field as an array of its own.");
            string descr = Quoted();
            if (descr.Length > 1 && descr[1] == 'O') throw Wrong(name, "numbers or text, it holds Python objects", "Objects are never unpickled. Convert it: astype(str) for names, a rectangular float array for values.");
            if (descr.StartsWith('>')) throw Wrong(name, $"little-endian elements, it has {descr}", $"Convert it: x.astype('<{descr[1..]}').");
            bool known = descr is "<f2" or "<f4" or "<f8" or "|i1" or "<i2" or "<i4" or "<i8" or "|u1" or "<u2" or "<u4" or "<u8" or "|b1"
                || (descr.StartsWith("<U", StringComparison.Ordinal) || descr.StartsWith("|S", StringComparison.Ordinal)) && int.TryParse(descr.AsSpan(2), NumberStyles.None, CultureInfo.InvariantCulture, out int letters) && letters <= 1 << 16;
            return known ? descr : throw Wrong(name, $"an element type f2, f4, f8, i1 to i8, u1 to u8, b1, U or S, it has '{descr}'", "Convert it with astype.");
        }

        private int[] Tuple()
        {
            var lengths = new List<int>();
            Take("(");
            while (!Try(")"))
            {
                Skip();
                int digits = text.AsSpan(at).IndexOfAnyExceptInRange('0', '9');
                if (digits <= 0 || !int.TryParse(text.AsSpan(at, digits), NumberStyles.None, CultureInfo.InvariantCulture, out int length) || lengths.Count == 32) throw Bad("a tuple of whole numbers");
                at += digits;
                lengths.Add(length);
                if (!Try(",") && !At(")")) throw Bad("a comma or )");
            }

            return [.. lengths];
        }

        private string Quoted()
        {
            Skip();
            if (at < text.Length && text[at] is '\'' or '"' && text.IndexOf(text[at], at + 1) is var close and >= 0)
            {
                string inner = text[(at + 1)..close];
                at = close + 1;
                return inner;
            }

            throw Bad("a name in quotes");
        }

        private bool At(string token)
        {
            Skip();
            return text.AsSpan(at).StartsWith(token, StringComparison.Ordinal);
        }

        private bool Try(string token)
        {
            if (!At(token)) return false;
            at += token.Length;
            return true;
        }

        private void Take(string token)
        {
            if (!Try(token)) throw Bad(token);
        }

        private void Skip()
        {
            while (at < text.Length && text[at] == ' ') at++;
        }

        private InvalidDataException Bad(string expected) => Wrong(name, $"{expected} at byte {at} of the header {MalformedFile.Quote(Encoding.UTF8.GetBytes(text[..Math.Min(text.Length, 60)]))}", "Write it with numpy.savez.");
    }
}
