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
    public void The_bytes_of_version_3_are_pinned()
    {
        const string expected =
            "03020100" + // version, role, payload kind, 0
            "0807060504030201" + "0900000000000000" + // id, window id
            "000000000000F83F" + "7B68E5CF8B010000" + // start, labelled at
            "03000000" + "0900" + "0300" + "676568656E20E282AC" + // value count, class length, channel count, class
            "0000803F" + "000000BF" + "0000C0FF"; // values; the CRC-32C over all this follows
        AssertBytes(expected, ExampleRecord.Write(s_example, PayloadKind.Float32, 3));
    }

    [Theory]
    [InlineData(PayloadKind.Float16, "03020200", "0400", "003C" + "00B8" + "0034" + "0000")] // 1, -0.5, 0.25, 0
    [InlineData(PayloadKind.Int16, "03020300", "0400", "0000803E" + "8101C037" + "0000003E" + "01018036" + "FF7F" + "0180" + "FF7F" + "0180")] // middle 0.25, step 1.5 / 65534; middle 0.125, step 0.25 / 65534; ends
    public void The_bytes_of_smaller_payloads_are_pinned(PayloadKind kind, string start, string valueCount, string payload)
    {
        string expected = start + "0807060504030201" + "0900000000000000" + "000000000000F83F" + "7B68E5CF8B010000" + valueCount + "0000" + "0900" + "0200" + "676568656E20E282AC" + payload;
        AssertBytes(expected, ExampleRecord.Write(s_example with { Samples = [1, -0.5f, 0.25f, 0] }, kind, 2));
    }

    [Fact]
    public void A_record_of_version_2_is_read_for_ever_under_its_own_id_only()
    {
        byte[] bytes = Written();
        Assert.Equal((long)s_example.Id, ExampleRecord.IdOf(7, bytes)); // Version 3 may lie under any key.
        bytes[0] = 2;
        Seal(bytes);
        AssertSame(s_example, ExampleRecord.Read(bytes, s_example.Id));
        Assert.Equal(((long?)7, (long?)s_example.Id), (ExampleRecord.IdOf(7, bytes), ExampleRecord.IdOf((long)s_example.Id, bytes)));
        Assert.Null(ExampleRecord.Read(bytes, 7));
    }

    [Fact]
    public void A_record_that_cannot_be_read_does_not_say_whose_it_is()
    {
        byte[] bytes = Written();
        bytes[6] ^= 1;
        Assert.Null(ExampleRecord.IdOf(7, bytes));
        bytes[0] = 4;
        Seal(bytes);
        Assert.Null(ExampleRecord.IdOf(7, bytes));
        Assert.Null(ExampleRecord.IdOf(7, []));
        Assert.Equal(-2, ExampleRecord.IdOf(-2, []));
    }

    [Fact]
    public void A_record_of_version_1_is_read_for_ever()
    {
        byte[] bytes = Convert.FromHexString("01020100" + "0807060504030201" + "0900000000000000" + "000000000000F83F" + "7B68E5CF8B010000" + "03000000" + "0900" + "676568656E20E282AC" + "0000803F" + "000000BF" + "0000C0FF" + "00000000");
        Seal(bytes);
        AssertSame(s_example, ExampleRecord.Read(bytes, s_example.Id));
        Assert.Equal(12, ExampleRecord.PayloadBytesOf(bytes));
        AssertSame(s_example with { Role = ExampleRole.Fresh }, ExampleRecord.Read(ExampleRecord.WithRole(bytes, ExampleRole.Fresh), s_example.Id));
        bytes[2] = 2; // Version 1 had one payload kind.
        Seal(bytes);
        Assert.Null(ExampleRecord.Read(bytes, s_example.Id));
    }

    [Fact]
    public void What_was_written_is_read_to_the_bit() => AssertSame(s_example, ExampleRecord.Read(Written(), s_example.Id));

    [Theory]
    [InlineData(PayloadKind.Float32)]
    [InlineData(PayloadKind.Float16)]
    [InlineData(PayloadKind.Int16)]
    public void Another_role_changes_the_role_and_nothing_else(PayloadKind kind)
    {
        var example = s_example with { Samples = [0.1f, 0.2f, -7.3f] };
        byte[] before = ExampleRecord.Write(example, kind, 1), after = ExampleRecord.WithRole(before, ExampleRole.Fresh);
        Assert.Equal(before[2..^4], after[2..^4]);
        AssertSame(ExampleRecord.Read(before, example.Id)! with { Role = ExampleRole.Fresh }, ExampleRecord.Read(after, example.Id));
    }

    [Fact]
    public void Every_single_bit_flip_is_refused()
    {
        byte[] bytes = Written();
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
        byte[] bytes = Written();
        for (int length = 0; length < bytes.Length; length++) Assert.Null(ExampleRecord.Read(bytes.AsSpan(0, length), s_example.Id));
        Assert.Null(ExampleRecord.Read([.. bytes, 0], s_example.Id));
    }

    [Theory]
    [InlineData(0, 4)] // version
    [InlineData(0, 1)]
    [InlineData(0, 0)]
    [InlineData(2, 2)] // payload kind
    [InlineData(2, 3)]
    [InlineData(2, 4)]
    [InlineData(35, 0x7F)] // labelled in a year that no clock knows
    [InlineData(36, 4)] // value count
    [InlineData(39, 0x80)] // negative value count
    [InlineData(40, 1)] // class length
    public void A_record_that_is_whole_but_does_not_fit_its_head_is_refused(int place, byte value)
    {
        byte[] bytes = Written();
        bytes[place] = value;
        Seal(bytes);
        Assert.Null(ExampleRecord.Read(bytes, s_example.Id));
    }

    [Fact]
    public void The_record_of_another_example_is_refused() => Assert.Null(ExampleRecord.Read(Written(), s_example.Id + 1));

    private static byte[] Written() => ExampleRecord.Write(s_example, PayloadKind.Float32, 1);

    private static void AssertBytes(string expected, byte[] bytes)
    {
        Assert.Equal(expected, Convert.ToHexString(bytes)[..^8]);
        Assert.Equal(Crc32C.Of(bytes.AsSpan(0, bytes.Length - 4)), BitConverter.ToUInt32(bytes, bytes.Length - 4));
    }

    private static void AssertSame(Example expected, Example? read)
    {
        Assert.Equal(expected.Samples.Select(BitConverter.SingleToInt32Bits), read!.Samples.Select(BitConverter.SingleToInt32Bits));
        Assert.Equal(expected, read with { Samples = expected.Samples });
    }

    private static void Seal(byte[] bytes) => BitConverter.TryWriteBytes(bytes.AsSpan(bytes.Length - 4), Crc32C.Of(bytes.AsSpan(0, bytes.Length - 4)));
}
