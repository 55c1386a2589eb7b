using System.Text;

namespace Edge.Storage.Tests.Files;

public class Crc32CTests
{
    [Fact]
    public void Known_answers_of_RFC_3720_B_4()
    {
        Assert.Equal(0xE3069283u, Crc32C.Of(Encoding.ASCII.GetBytes("123456789")));
        Assert.Equal(0x8A9136AAu, Crc32C.Of(new byte[32]));
        Assert.Equal(0x62A8AB43u, Crc32C.Of(Enumerable.Repeat((byte)0xFF, 32).ToArray()));
        Assert.Equal(0x46DD794Eu, Crc32C.Of(Enumerable.Range(0, 32).Select(i => (byte)i).ToArray()));
        Assert.Equal(0x113FDB5Cu, Crc32C.Of(Enumerable.Range(0, 32).Select(i => (byte)(31 - i)).ToArray()));
        Assert.Equal(0u, Crc32C.Of([]));
    }

    [Fact]
    public void Words_and_single_bytes_give_the_same_at_every_length()
    {
        byte[] bytes = new byte[70];
        new Random(1).NextBytes(bytes);
        for (int length = 0; length <= bytes.Length; length++) Assert.Equal(BitByBit(bytes.AsSpan(0, length)), Crc32C.Of(bytes.AsSpan(0, length)));
    }

    private static uint BitByBit(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        foreach (byte b in bytes)
        {
            crc ^= b;
            for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ ((crc & 1) * 0x82F63B78u);
        }

        return ~crc;
    }
}
