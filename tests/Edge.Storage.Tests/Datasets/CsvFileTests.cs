namespace Edge.Storage.Tests.Datasets;

public class CsvFileTests
{
    [Theory]
    [InlineData("1,2,b\n3,4,a\n")]
    [InlineData("x,y,label\n1,2,b\n3,4,a\n")]
    [InlineData("# a comment\n\n1;2;b\r\n3;4;a")]
    [InlineData("1\t2\tb\n3\t4\ta\n")]
    [InlineData("1  2 b\n 3 4   a\n")]
    [InlineData("\uFEFF\"x\",\"y\",\"label\"\n\"1\",2,\"b\"\n3,\"4\",a\n")]
    public void Delimiters_headers_and_quotes_are_recognised(string text)
    {
        var set = WrittenFiles.ReadText("x.csv", text);
        Assert.Equal([1f, 2f, 3f, 4f], set.Train.Values);
        Assert.Equal((new WindowShape(2, 1, 1), "x"), (set.Train.Window, set.Name));
        Assert.Equal([1, 0], set.Train.Classes);
        Assert.Equal(["a", "b"], set.Train.ClassNames);
        Assert.Empty(set.Notes);
    }

    [Fact]
    public void Numbers_as_classes_are_ordered_by_size_and_spelt_in_one_way() =>
        Assert.Equal(["-1", "2", "10", "idle"], WrittenFiles.ReadText("x.csv", "1,10\n1,2\n1,2.0\n1,+2\n1,-1\n1,idle\n").Train.ClassNames);

    [Fact]
    public void Quotes_hold_delimiters_and_doubled_quotes() =>
        Assert.Equal(["a \"b\"", "c, d"], WrittenFiles.ReadText("x.csv", "1,\"c, d\"\n2,\"a \"\"b\"\"\"\n").Train.ClassNames);

    [Fact]
    public void A_class_in_front_is_read_by_index_or_by_name()
    {
        Assert.Equal([1f, 2f, 3f, 4f], WrittenFiles.ReadText("x.csv", "5,1,2\n7,3,4\n", new DatasetReadOptions { ClassColumn = "0" }).Train.Values);
        Assert.Equal([1f, 2f, 3f, 4f], WrittenFiles.ReadText("x.csv", "gas,u,v\n5,1,2\n7,3,4\n", new DatasetReadOptions { ClassColumn = "GAS" }).Train.Values);
    }

    [Fact]
    public void Subjects_that_are_no_numbers_are_numbered_as_they_come()
    {
        var set = WrittenFiles.ReadText("x.csv", "subject,v,c\nzoe,1,a\nadam,2,b\nzoe,3,b\n");
        Assert.Equal([0, 1, 0], set.Train.Subjects);
    }

    [Fact]
    public void A_header_of_numbers_is_one_when_the_caller_says_so() =>
        Assert.Equal(2, WrittenFiles.ReadText("x.csv", "1,2\n5,a\n6,b\n", new DatasetReadOptions { Header = true }).Train.Count);

    [Theory]
    [InlineData("1,2,a\n1,b\n", "x.csv, line 2: expected 3 fields as in the first line, there are 2. Complete the line, or put quotes around a field that contains the delimiter.")]
    [InlineData("1,2,a\n1,x,b\n", "x.csv, line 2: expected a finite number or ? in column 2, not 'x'. Correct the value; a column that is no feature can be named in DroppedColumns.")]
    [InlineData("u,v,c\n1,2,a\n1,x,b\n", "x.csv, line 3: expected a finite number or ? in 'v', not 'x'. Correct the value; a column that is no feature can be named in DroppedColumns.")]
    [InlineData("1,2,a\n1,2,\n", "x.csv, line 2: expected a class, the field is empty. Take the case out or label it.")]
    [InlineData("1,\"2,a\n", "x.csv, line 1: expected the quote \" that opens field 2 to be closed on the same line. Close it, or double or escape a quote that is part of the text.")]
    [InlineData("1,\"2\"3,a\n", "x.csv, line 1: expected the end of field 2 after its closing quote, not '3,a'. Double or escape a quote that is part of the text.")]
    [InlineData("a\nb\n", "x.csv, line 1: expected at least one feature besides the class column 1, there is none. Is it the right file, or the delimiter another than comma, semicolon, tab or blank?")]
    [InlineData("u,v,c\n", "x.csv: expected at least one case, there is none. Is it the whole file?")]
    [InlineData("", "x.csv: expected data within the first 64 KiB, and there are no bytes. Name a data file.")]
    [InlineData("\u0001\0\0", "x.csv: expected text, or a zip of .npy arrays (.npz), and it is neither. Name a data file.")]
    public void A_malformed_table_is_named(string text, string expected) => Assert.Equal(expected, WrittenFiles.RefusalOf("x.csv", text));

    [Fact]
    public void A_class_column_without_a_name_wants_an_index_that_is_there()
    {
        Assert.Equal("x.csv, line 1: expected a column '3', the 3 columns have no names. Give ClassColumn as an index from 0 to 2.", WrittenFiles.RefusalOf("x.csv", "1,2,3\n", new DatasetReadOptions { ClassColumn = "3" }));
    }

    [Fact]
    public void A_class_column_of_measurements_is_noticed()
    {
        string text = string.Concat(Enumerable.Range(0, 1001).Select(i => $"1,{i}.5\n"));
        Assert.Equal("x.csv, line 1001: expected no more than 1000 classes, '1000.5' is one more. Is the class in another column? Name it with ClassColumn.", WrittenFiles.RefusalOf("x.csv", text));
    }
}
