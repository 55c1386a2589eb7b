using System.IO.Compression;
using System.Text;

namespace Edge.Storage.Tests.Datasets;

/// <summary>Arrays whose bytes are wrong.</summary>
public class NpzMalformedTests
{
    private const string Good = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }";

    [Fact]
    public void Headers_of_all_versions_and_orders_of_keys_are_read()
    {
        foreach (byte[] x in new[] { Array(Good, 16), Array(Good, 16, version: 2), Array(Good, 16, version: 3), Array("{\"shape\":(2,2),'fortran_order':False,'descr':'<f4'}", 16) })
            Assert.Equal([0f, 0f, 0f, 0f], Read(x).Train.Values);
    }

    [Theory]
    [InlineData("{'descr': '<f4', 'fortran_order': False}", "the keys descr, fortran_order and shape at byte 40 of the header '{'descr': '<f4', 'fortran_order': False}'")]
    [InlineData("{'descr': '<f4', 'descr': '<f4'}", "the keys descr, fortran_order and shape, each once at byte 25 of the header '{'descr': '<f4', 'descr': '<f4'}'")]
    [InlineData("{'descr': '<f4', 'order': 'C'}", "the keys descr, fortran_order and shape, each once at byte 25 of the header '{'descr': '<f4', 'order': 'C'}'")]
    [InlineData("{'fortran_order': 0}", "True or False at byte 18 of the header '{'fortran_order': 0}'")]
    [InlineData("{'shape': (2, -2)}", "a tuple of whole numbers at byte 14 of the header '{'shape': (2, -2)}'")]
    [InlineData("{'shape': [2, 2]}", "( at byte 10 of the header '{'shape': [2, 2]}'")]
    [InlineData("{'shape': (2 2)}", "a comma or ) at byte 13 of the header '{'shape': (2 2)}'")]
    [InlineData("{'descr': f4}", "a name in quotes at byte 10 of the header '{'descr': f4}'")]
    [InlineData("os.system('x')", "{ at byte 0 of the header 'os.system('x')'")]
    public void A_header_that_is_not_the_three_keys_is_refused(string header, string expected) =>
        Assert.Equal($"x.npz: X: expected {expected}. Write it with numpy.savez.", Refusal(Array(header, 16, pad: false)));

    [Fact]
    public void Bytes_after_the_dictionary_are_refused() =>
        Assert.StartsWith("x.npz: X: expected nothing after } at byte 59 of the header '{'descr': '<f4'", Refusal(Array(Good + " x", 16)));

    [Fact]
    public void Arrays_cut_short_or_too_long_are_refused()
    {
        Assert.Equal("x.npz: X: expected 4 elements as the shape (2, 2) says, it ends after 3. Is it the whole file?", Refusal(Array(Good, 15)));
        Assert.Equal("x.npz: X: expected no more than the 4 elements of the shape (2, 2), there are more bytes. Write it with numpy.savez.", Refusal(Array(Good, 17)));
        Assert.Equal("x.npz: X: expected a whole header, it is cut short. Is it the whole file?", Refusal(Array(Good, 0)[..50]));
        Assert.Equal("x.npz: X: expected the first bytes of a .npy array (\\x93NUMPY). Write it with numpy.savez.", Refusal("hello world"u8.ToArray()));
        Assert.Equal("x.npz: X: expected .npy version 1.0, 2.0 or 3.0, not 4.0. Write it with numpy.savez.", Refusal(Array(Good, 16, version: 4)));
    }

    [Theory]
    [InlineData("(100000, 100000)", "10000000000")]
    [InlineData("(2000000000, 2000000000, 2000000000)", "9223372036854775807")]
    public void A_shape_beyond_the_memory_allowed_is_refused_before_memory_is_taken(string shape, string count) =>
        Assert.Equal($"x.npz: X: expected at most 268435456 values (1024 MiB), there are at least {count}. Take fewer or shorter cases, or raise LargestValueCount if the memory is there.",
            Refusal(Array(Good.Replace("(2, 2)", shape, StringComparison.Ordinal), 16)));

    [Fact]
    public void A_header_that_claims_megabytes_is_refused()
    {
        byte[] x = Array(Good, 16, version: 2);
        x[10] = 0x7F;
        Assert.StartsWith("x.npz: X: expected a header of at most 65536 bytes, it says", Refusal(x));
    }

    [Fact]
    public void A_torn_zip_is_refused()
    {
        using var files = new WrittenFiles();
        Write(files["x.npz"], Array(Good, 16));
        byte[] whole = File.ReadAllBytes(files["x.npz"]);
        File.WriteAllBytes(files["x.npz"], whole[..^30]);
        Assert.StartsWith("x.npz is not a readable zip: ", files.Refusal("x.npz"));
    }

    private static Dataset Read(byte[] x)
    {
        using var files = new WrittenFiles();
        Write(files["x.npz"], x);
        return files.Read("x.npz");
    }

    private static string Refusal(byte[] x)
    {
        using var files = new WrittenFiles();
        Write(files["x.npz"], x);
        return files.Refusal("x.npz");
    }

    private static void Write(string path, byte[] x)
    {
        using var zip = ZipFile.Open(path, ZipArchiveMode.Create);
        foreach (var (name, bytes) in new[] { ("X.npy", x), ("y.npy", [.. Array("{'descr': '|i1', 'fortran_order': False, 'shape': (2,), }", 0), 0, 1]) })
        {
            using var stream = zip.CreateEntry(name).Open();
            stream.Write(bytes);
        }
    }

    private static byte[] Array(string header, int zeros, int version = 1, bool pad = true)
    {
        int length = pad ? header.Length + 20 : header.Length;
        byte[] start = [0x93, .. "NUMPY"u8, (byte)version, 0, .. version == 1 ? BitConverter.GetBytes((ushort)length) : BitConverter.GetBytes(length)];
        return [.. start, .. Encoding.ASCII.GetBytes(pad ? header.PadRight(length - 1) + "\n" : header), .. new byte[zeros]];
    }
}
