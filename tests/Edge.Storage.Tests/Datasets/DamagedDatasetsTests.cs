using System.Text;

namespace Edge.Storage.Tests.Datasets;

public class DamagedDatasetsTests
{
    [Theory]
    [InlineData("x.ts", "#c\n@dimensions 2\n@equalLength false\n@classLabel true a b\n@data\n1,2:3,4:a\n5,?,7:8,9,1e3:b\n")]
    [InlineData("x.arff", "@relation r\n@attribute 'a b' numeric\n@attribute k {p,'q r'}\n@attribute user {1,2}\n@attribute class {x,y}\n@data\n1,p,1,x\n?,'q r',2,y\n")]
    [InlineData("y.arff", "@relation r\n@attribute s relational\n@attribute t0 numeric\n@attribute t1 numeric\n@end s\n@attribute class {x,y}\n@data\n'1,2\\n4,?',x\n'7,8\\n0,1',y\n")]
    [InlineData("x.dat", "1 1:0.5 3:-2\n-1;5 2:1e1 # c\n1 1:1 2:2\n")]
    [InlineData("x.csv", "u,\"v\",user,class\n1,2,3,\"a, b\"\n?,,4,b\n")]
    [InlineData("x.npz", "")]
    public void A_damaged_file_is_refused_by_name_or_read_and_nothing_else(string name, string text)
    {
        using var files = new WrittenFiles();
        byte[] whole = text.Length > 0 ? Encoding.UTF8.GetBytes(text) : Npz();
        var draw = new Random(7);
        int refused = 0;
        for (int round = 0; round < 400; round++)
        {
            byte[] damaged = [.. whole];
            for (int hits = draw.Next(1, 4); hits > 0; hits--)
            {
                int at = draw.Next(damaged.Length);
                if (draw.Next(4) == 0) damaged = [.. damaged[..at], .. damaged[Math.Min(damaged.Length, at + draw.Next(1, 9))..], (byte)'1'];
                else damaged[at] = draw.Next(2) == 0 ? (byte)draw.Next(256) : (byte)",:;'\"{}?@\n -0"[draw.Next(13)];
            }

            File.WriteAllBytes(files[name], damaged);
            try
            {
                var read = files.Read(name).Train;
                Assert.Equal(read.Count * read.Window.ValueCount, read.Values.Length);
                Assert.True(Array.TrueForAll(read.Values, float.IsFinite));
            }
            catch (InvalidDataException e)
            {
                refused++;
                Assert.StartsWith(files[name], e.Message);
            }
        }

        Assert.InRange(refused, 50, 400);
    }

    private static byte[] Npz()
    {
        using var stream = new MemoryStream();
        NpzWriter.Write(stream, new LabelledWindows { Window = new WindowShape(2, 2, 5), Values = [1, 2, 3, 4, 5, 6, 7, 8], Classes = [0, 1], Subjects = [1, 2], ClassNames = ["a", "b"] });
        return stream.ToArray();
    }
}
