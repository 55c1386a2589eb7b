using System.Text;

namespace Edge.Storage.Tests.Datasets;

public class LineReaderTests
{
    [Theory]
    [InlineData("", new string[0])]
    [InlineData("\n", new[] { "" })]
    [InlineData("a", new[] { "a" })]
    [InlineData("a\n", new[] { "a" })]
    [InlineData("a\n\nb", new[] { "a", "", "b" })]
    [InlineData("a\r\nb\r\n", new[] { "a\r", "b\r" })]
    [InlineData("\n\n", new[] { "", "" })]
    public void Lines_end_at_line_feeds_and_the_last_needs_none(string text, string[] expected) => Assert.Equal(expected, Lines(Encoding.UTF8.GetBytes(text), 1));

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(1 << 20)]
    public void Lines_of_any_length_come_whole_however_the_stream_is_cut(int pieceBytes)
    {
        string[] lines = [.. new[] { 0, 1, 16383, 16384, 16385, 3, 40000, 0, 100 }.Select((length, i) => new string((char)('a' + i), length))];
        Assert.Equal(lines, Lines(Encoding.UTF8.GetBytes(string.Join("\n", lines)), pieceBytes));
    }

    [Fact]
    public void The_longest_line_is_one_byte_short_of_1_MiB()
    {
        byte[] longest = [.. Enumerable.Repeat((byte)'x', (1 << 20) - 1), (byte)'\n', (byte)'y'];
        Assert.Equal([(1 << 20) - 1, 1], Lines(longest, 1 << 16).Select(line => line.Length));
        byte[] tooLong = [(byte)'a', (byte)'\n', .. Enumerable.Repeat((byte)'x', 1 << 20), (byte)'\n'];
        Assert.Equal("here, line 2: expected fewer than 1048576 bytes, there are more.", Assert.Throws<InvalidDataException>(() => Lines(tooLong, 1 << 16)).Message);
    }

    [Fact]
    public void Lines_are_numbered_from_1_with_the_empty_ones()
    {
        using var reader = new LineReader(new MemoryStream("a\n\nb"u8.ToArray()), "here");
        var numbers = new List<int>();
        while (reader.Read(out _)) numbers.Add(reader.LineNumber);
        Assert.Equal([1, 2, 3], numbers);
    }

    private static List<string> Lines(byte[] bytes, int pieceBytes)
    {
        var lines = new List<string>();
        using var reader = new LineReader(new Pieces(bytes, pieceBytes), "here");
        while (reader.Read(out var line)) lines.Add(Encoding.UTF8.GetString(line));
        return lines;
    }

    /// <summary>Gives no more than so many bytes at a time, as a decompressor may.</summary>
    private sealed class Pieces(byte[] bytes, int pieceBytes) : MemoryStream(bytes)
    {
        public override int Read(byte[] buffer, int offset, int count) => base.Read(buffer, offset, Math.Min(count, pieceBytes));
    }
}
