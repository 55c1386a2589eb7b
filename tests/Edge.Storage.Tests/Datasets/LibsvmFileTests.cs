namespace Edge.Storage.Tests.Datasets;

public class LibsvmFileTests
{
    [Fact]
    public void Rows_are_dense_vectors_with_zeros_where_nothing_is_listed()
    {
        var set = WrittenFiles.ReadText("x.dat", "+1 1:0.5 3:-2\n-1 2:1e1 # a comment\n\n1 1:1 2:2 3:3\r\n");
        Assert.Equal([0.5f, 0f, -2f, 0f, 10f, 0f, 1f, 2f, 3f], set.Train.Values);
        Assert.Equal([1, 0, 1], set.Train.Classes);
        Assert.Equal(["-1", "1"], set.Train.ClassNames);
        Assert.Equal(["all"], set.Train.DomainNames);
        Assert.Equal(["1 of 3 rows end before feature 3: what a libsvm row does not list is 0"], set.Notes);
    }

    [Fact]
    public void Batches_are_domains_in_the_order_of_their_numbers()
    {
        using var files = new WrittenFiles(("Dataset/batch10.dat", "1 1:10\n"), ("Dataset/batch2.dat", "2 1:2\n1 1:2\n"), ("Dataset/batch1.dat", "1 1:1\n"), ("Dataset/readme.txt", "x"));
        var set = files.Read();
        Assert.Equal([1f, 2f, 2f, 10f], set.Train.Values);
        Assert.Equal([0, 1, 1, 2], set.Train.Domains);
        Assert.Equal(["batch1", "batch2", "batch10"], set.Train.DomainNames);
        Assert.Equal("Dataset", set.Name);
        Assert.Equal(1, files.Read("Dataset/batch2.dat").Train.Window.ChannelCount);
    }

    [Fact]
    public void A_concentration_behind_the_label_is_left_out_and_said()
    {
        var set = WrittenFiles.ReadText("batch1.dat", "1;10.000000 1:5\n2;20.000000 1:6\n");
        Assert.Equal(["1", "2"], set.Train.ClassNames);
        Assert.Equal(["what follows the semicolon in a label (the concentration) was left out"], set.Notes);
    }

    [Theory]
    [InlineData("1 1:2 1:3\n", "x.dat, line 1: expected index:value with an index from 2 to 1048576, not '1:3'. Indices start at 1 and rise along the row.")]
    [InlineData("1 1:2\n1 0:3\n", "x.dat, line 2: expected index:value with an index from 1 to 1048576, not '0:3'. Indices start at 1 and rise along the row.")]
    [InlineData("1 1:2 x\n", "x.dat, line 1: expected index:value with an index from 2 to 1048576, not 'x'. Indices start at 1 and rise along the row.")]
    [InlineData("1 1:2 9999999:1\n", "x.dat, line 1: expected index:value with an index from 2 to 1048576, not '9999999:1'. Indices start at 1 and rise along the row.")]
    [InlineData("1 1:x\n", "x.dat, line 1: expected a finite number or NaN after '1:', not 'x'. Correct the value.")]
    [InlineData("1 1:2\n1:2 2:3\n", "x.dat, line 2: expected a label before the first index:value, not '1:2'. Put the class in front.")]
    public void A_malformed_row_is_named(string text, string expected) => Assert.Equal(expected, WrittenFiles.RefusalOf("x.dat", text));
}
