namespace Edge.Storage.Tests.Statistics;

public class StatisticsRecordTests
{
    [Fact]
    public void What_was_written_is_read_to_the_bit()
    {
        var statistics = ClassStatisticsTests.OneByOne(ClassStatisticsTests.Draw(50));
        statistics.ThroughExampleId = 41;
        statistics.Discount(.3, "c2");
        using var stream = new MemoryStream();
        statistics.WriteTo(stream);
        stream.WriteByte(0xAB);
        stream.Position = 0;
        var read = ClassStatistics.ReadFrom(stream, "bank", statistics.FeatureLength, out string problem)!;
        Assert.Equal("", problem);
        Assert.Equal(41ul, read.ThroughExampleId);
        ClassStatisticsTests.AssertSame(statistics, read);
        Assert.Equal(0xAB, stream.ReadByte()); // it reads its own bytes and no more
    }

    [Fact]
    public void The_bytes_of_version_1_are_pinned()
    {
        byte[] bytes = Bytes(Small());
        const string head = "01" + "2A000000" + "0162" + "02000000" + "0500000000000000" + "01000000" + "02C3"; // version, head length, bank, features, through id, classes, length of the name and half of its ä
        Assert.StartsWith(head, Convert.ToHexString(bytes), StringComparison.Ordinal);
        const string rest = "A4" + "0100000000000000" + "000000000000F03F"; // name, count, mass
        Assert.Equal(rest, Convert.ToHexString(bytes.AsSpan(head.Length / 2, rest.Length / 2)));
        int headLength = (head.Length + rest.Length) / 2;
        Assert.Equal(headLength, BitConverter.ToInt32(bytes, 1));
        Assert.Equal(Crc32C.Of(bytes.AsSpan(0, headLength)), BitConverter.ToUInt32(bytes, headLength));
        Assert.Equal([1, -2, 1, -2, 4], Enumerable.Range(0, 5).Select(i => BitConverter.ToDouble(bytes, headLength + 4 + 8 * i)));
        Assert.Equal(headLength + 4 + 5 * 8 + 4, bytes.Length);
        Assert.Equal(Crc32C.Of(bytes.AsSpan(0, bytes.Length - 4)), BitConverter.ToUInt32(bytes, bytes.Length - 4));
    }

    [Fact]
    public void Every_single_bit_flip_is_refused()
    {
        byte[] bytes = Bytes(Small());
        for (int bit = 0; bit < bytes.Length * 8; bit++)
        {
            bytes[bit / 8] ^= (byte)(1 << bit % 8);
            Assert.Null(ClassStatistics.ReadFrom(new MemoryStream(bytes), "b", 2, out string problem));
            Assert.NotEqual("", problem);
            bytes[bit / 8] ^= (byte)(1 << bit % 8);
        }

        Assert.NotNull(ClassStatistics.ReadFrom(new MemoryStream(bytes), "b", 2, out _));
    }

    [Fact]
    public void Every_truncation_is_refused()
    {
        byte[] bytes = Bytes(Small());
        for (int length = 0; length < bytes.Length; length++)
        {
            Assert.Null(ClassStatistics.ReadFrom(new MemoryStream(bytes, 0, length), "b", 2, out string problem));
            Assert.Contains("end too early", problem, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("other", 2)]
    [InlineData("b", 3)]
    public void Statistics_of_other_features_are_refused_by_name(string bank, int length)
    {
        Assert.Null(ClassStatistics.ReadFrom(new MemoryStream(Bytes(Small())), bank, length, out string problem));
        Assert.Contains("are of feature bank 'b' (2 features); expected '" + bank, problem, StringComparison.Ordinal);
    }

    [Fact]
    public void A_checksum_in_parts_is_the_checksum_of_the_whole()
    {
        byte[] bytes = [.. Enumerable.Range(0, 100).Select(i => (byte)(i * 7))];
        for (int cut = 0; cut <= bytes.Length; cut++) Assert.Equal(Crc32C.Of(bytes), Crc32C.Continue(Crc32C.Of(bytes.AsSpan(0, cut)), bytes.AsSpan(cut)));
    }

    private static ClassStatistics Small()
    {
        var statistics = new ClassStatistics("b", 2) { ThroughExampleId = 5 };
        statistics.Add("ä", [1f, -2f]);
        return statistics;
    }

    private static byte[] Bytes(ClassStatistics statistics)
    {
        using var stream = new MemoryStream();
        statistics.WriteTo(stream);
        return stream.ToArray();
    }
}
