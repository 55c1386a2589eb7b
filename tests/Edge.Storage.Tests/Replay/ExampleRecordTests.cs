namespace Edge.Storage.Tests.Replay;

public class ExampleRecordTests
{
    private static readonly Example s_example = new()
    {
        Id = 0x0102030405060708,
        WindowId = 9,
        Class = "gehen €",
        StartSeconds = 1.5,
        LabelledAt = DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_123),
        Role = ExampleRole.Anchor,
        Samples = [1f, -0.5f, float.NaN],
    };

    [Fact]
    public void The_bytes_of_version_1_are_pinned()
    {
        const string expected =
            "01020100" + // version, role, payload kind, 0
            "0807060504030201" + "0900000000000000" + // id, window id
            "000000000000F83F" + "7B68E5CF8B010000" + // start, labelled at
            "03000000" + "0900" + "676568656E20E282AC" + // value count, class length, class
            "0000803F" + "000000BF" + "0000C0FF"; // values; the CRC-32C over all this follows
        byte[] bytes = ExampleRecord.Write(s_example);
        Assert.Equal(expected, Convert.ToHexString(bytes)[..^8]);
        Assert.Equal(Crc32C.Of(bytes.AsSpan(0, bytes.Length - 4)), BitConverter.ToUInt32(bytes, bytes.Length - 4));
    }

    [Fact]
    public void What_was_written_is_read_to_the_bit()
    {
        var read = ExampleRecord.Read(ExampleRecord.Write(s_example), s_example.Id)!;
        Assert.Equal(s_example.Samples.Select(BitConverter.SingleToInt32Bits), read.Samples.Select(BitConverter.SingleToInt32Bits));
        Assert.Equal(s_example, read with { Samples = s_example.Samples });
    }

    [Fact]
    public void Every_single_bit_flip_is_refused()
    {
        byte[] bytes = ExampleRecord.Write(s_example);
        for (int bit = 0; bit < bytes.Length * 8; bit++)
        {
            bytes[bit / 8] ^= (byte)(1 << bit % 8);
            Assert.Null(ExampleRecord.Read(bytes, s_example.Id));
            bytes[bit / 8] ^= (byte)(1 << bit % 8);
        }

        Assert.NotNull(ExampleRecord.Read(bytes, s_example.Id));
    }

    [Fact]
    public void Every_truncation_and_extension_is_refused()
    {
        byte[] bytes = ExampleRecord.Write(s_example);
        for (int length = 0; length < bytes.Length; length++) Assert.Null(ExampleRecord.Read(bytes.AsSpan(0, length), s_example.Id));
        Assert.Null(ExampleRecord.Read([.. bytes, 0], s_example.Id));
    }

    [Theory]
    [InlineData(0, 2)] // version
    [InlineData(0, 0)]
    [InlineData(2, 2)] // payload kind
    [InlineData(36, 4)] // value count
    [InlineData(39, 0x80)] // negative value count
    [InlineData(40, 1)] // class length
    public void A_record_that_is_whole_but_not_version_1_is_refused(int place, byte value)
    {
        byte[] bytes = ExampleRecord.Write(s_example);
        bytes[place] = value;
        BitConverter.TryWriteBytes(bytes.AsSpan(bytes.Length - 4), Crc32C.Of(bytes.AsSpan(0, bytes.Length - 4)));
        Assert.Null(ExampleRecord.Read(bytes, s_example.Id));
    }

    [Fact]
    public void The_record_of_another_example_is_refused() => Assert.Null(ExampleRecord.Read(ExampleRecord.Write(s_example), s_example.Id + 1));
}
