namespace Edge.Storage.Tests.Datasets;

public class ArffFileTests
{
    private const string Flat = "% comment\n@RELATION r\n@ATTRIBUTE 'a b' NUMERIC\n@attribute \"c\" real\n@attribute kind {red, 'dark blue'}\n@attribute class{\"yes\" , \"no\"}\n@DATA\n";
    private const string Series = "@relation r\n@attribute s relational\n@attribute t0 numeric\n@attribute t1 numeric\n@attribute t2 numeric\n@end s\n@attribute class {x,y}\n@data\n";

    [Fact]
    public void Flat_rows_are_feature_vectors_with_nominal_features_as_places()
    {
        var set = WrittenFiles.ReadText("x.arff", Flat + "1,2,red,yes\r\n-1.5,2e2,'dark blue','no'\n");
        Assert.Equal([1f, 2f, 0f, -1.5f, 200f, 1f], set.Train.Values);
        Assert.Equal((new WindowShape(3, 1, 1), "x"), (set.Train.Window, set.Name));
        Assert.Equal([0, 1], set.Train.Classes);
        Assert.Equal(["yes", "no"], set.Train.ClassNames);
        Assert.Equal(["the nominal attribute 'kind' is read as the place of its value, 0 to 1"], set.Notes);
    }

    [Fact]
    public void Subject_domain_and_id_columns_are_known_by_name_and_are_no_features()
    {
        var set = WrittenFiles.ReadText("x.arff", "@relation r\n@attribute ID numeric\n@attribute user {7,3}\n@attribute domain {d2,d1}\n@attribute v numeric\n@attribute class {a,b}\n@data\n1,7,d1,5,a\n2,3,d2,6,b\n3,3,d1,7,b\n");
        Assert.Equal([5f, 6f, 7f], set.Train.Values);
        Assert.Equal([7, 3, 3], set.Train.Subjects);
        Assert.Equal([0, 1, 0], set.Train.Domains);
        Assert.Equal(["d1", "d2"], set.Train.DomainNames);
        Assert.Equal(["dropped, since it is no feature: 'ID'", "the column 'user' says who was recorded; it is no feature", "the column 'domain' names the domain; it is no feature"], set.Notes);
    }

    [Fact]
    public void Columns_are_what_the_caller_says()
    {
        var set = WrittenFiles.ReadText("x.arff", "@relation r\n@attribute label {a,b}\n@attribute id numeric\n@attribute user numeric\n@attribute note string\n@data\na,1,5,hi\nb,2,6,'x, y'\n",
            new DatasetReadOptions { ClassColumn = "Label", SubjectColumn = "", DroppedColumns = ["note"] });
        Assert.Equal([1f, 5f, 2f, 6f], set.Train.Values);
        Assert.Equal(["dropped, since it is no feature: 'note'"], set.Notes);
    }

    [Fact]
    public void Relational_series_are_the_channels_of_a_case()
    {
        var set = WrittenFiles.ReadText("x.arff", Series + "'1,2,3\\n4,5,6',x\n\"7,8,9\\n0,?,2\\n\",y\n");
        Assert.Equal([1f, 2f, 3f, 4f, 5f, 6f, 7f, 8f, 9f, 0f, 1f, 2f], set.Train.Values);
        Assert.Equal((new WindowShape(2, 3, 1), 2), (set.Train.Window, set.Train.Count));
    }

    [Fact]
    public void Steps_at_the_end_without_any_channel_make_a_relational_series_shorter()
    {
        var set = WrittenFiles.ReadText("x.arff", Series + "'1,?,?\\n4,5,?',x\n'7,8,9\\n0,1,2',y\n");
        Assert.Equal([1f, 1f, 0f, 4f, 5f, 0f, 7f, 8f, 9f, 0f, 1f, 2f], set.Train.Values);
        Assert.Equal(["1 of the series in x.arff end in steps at which every channel is missing: taken for shorter series",
            "1 value missing, filled by linear interpolation along time within the channel, ends held",
            "lengths 2 to 3, zero-padded at the end to 3, the longest of the training split"], set.Notes);
    }

    [Theory]
    [InlineData("1,2,red", "x.arff, line 8: expected 4 values, one for each attribute, there are 3. Complete the row, or put quotes around a value that contains a comma.")]
    [InlineData("1,z,red,yes", "x.arff, line 8: expected a finite number or ? in 'c', not 'z'. Correct the value; a column that is no feature can be named in DroppedColumns.")]
    [InlineData("1,2,green,yes", "x.arff, line 8: expected one of the declared values of 'kind' (red, dark blue) or ?, not 'green'. Correct the value or the declaration.")]
    [InlineData("1,2,red,maybe", "x.arff, line 8: expected one of the classes that the header declares (yes, no), not 'maybe'. Correct the label or the header.")]
    [InlineData("1,2,red,?", "x.arff, line 8: expected one of the classes that the header declares (yes, no), not '?'. Correct the label or the header.")]
    [InlineData("1,2,'red,yes", "x.arff, line 8: expected the quote ' that opens field 3 to be closed on the same line. Close it, or double or escape a quote that is part of the text.")]
    [InlineData("{0 1}", "x.arff, line 8: expected a row of values with commas between them, this one is sparse ({index value, …}). Convert the file with Weka's SparseToNonSparse filter.")]
    public void A_malformed_row_is_named(string row, string expected) => Assert.Equal(expected, WrittenFiles.RefusalOf("x.arff", Flat + row + "\n"));

    [Theory]
    [InlineData("@attribute a numeric\n@attribute b numeric\n@data\n", "x.arff, line 3: expected a nominal class, 'b' is numeric. Name the class attribute with ClassColumn, or declare its values in braces.")]
    [InlineData("@attribute a string\n@attribute b {x,y}\n@data\n", "x.arff, line 2: expected numeric or nominal features, 'a' is 'string'. Name it in DroppedColumns if it is no feature.")]
    [InlineData("@attribute b {x,y}\n@data\n", "x.arff, line 3: expected at least one feature besides the class 'b', there is none. Is it the right file, or the delimiter another than comma, semicolon, tab or blank?")]
    [InlineData("@attribute b {x,y\n@data\n", "x.arff, line 2: expected the values of 'b' in braces on one line: {a,b,c}. Close the brace.")]
    [InlineData("@attribute b {x,x}\n@data\n", "x.arff, line 2: expected the values of 'b' to be names, each once. Correct the declaration.")]
    [InlineData("@attribute b\n@data\n", "x.arff, line 2: expected a name and a type after '@attribute'. Complete the declaration.")]
    [InlineData("@data\n", "x.arff, line 2: expected at least one '@attribute' before '@data'. Complete the header.")]
    [InlineData("1,2\n", "x.arff, line 2: expected @relation, @attribute, @end or @data, not '1,2'. Write '@data' on a line of its own before the first row.")]
    [InlineData("@attribute s relational\n@attribute t string\n", "x.arff, line 3: expected numeric attributes within the relational 's', 't' is 'string'. Only series of numbers are read.")]
    [InlineData("@attribute s relational\n@attribute t numeric\n@data\n", "x.arff, line 4: expected '@end s' before '@data'. Close the relational attribute.")]
    [InlineData("@attribute s relational\n@attribute t numeric\n@end s\n@data\n", "x.arff, line 2: expected one relational attribute and a nominal class, there are s (relational). Take the other attributes out.")]
    [InlineData("@attribute a {x,y}\n", "x.arff: expected a line '@data' before the rows, there is none. Is it the whole file?")]
    public void A_malformed_header_is_named(string text, string expected) => Assert.Equal(expected, WrittenFiles.RefusalOf("x.arff", "@relation r\n" + text));

    [Theory]
    [InlineData("'1,2\\n4,5,6',x", "x.arff, line 9: expected 3 values in channel 1 of 's', there are 2. Complete the case, with ? where nothing was recorded.")]
    [InlineData("'1,2,z\\n4,5,6',x", "x.arff, line 9: expected a finite number or ? as value 3 of channel 1, not 'z'. Correct the value, or write ? if it is missing.")]
    [InlineData("'1,2,3\\n4,5,6',z", "x.arff, line 9: expected one of the classes that the header declares (x, y), not 'z'. Correct the label or the header.")]
    [InlineData("'1,2,3',x\n'1,2,3\\n4,5,6',y", "x.arff, line 10: expected 1 channels as in the first case, there are 2 (with \\n between them). Complete the case.")]
    public void A_malformed_series_is_named(string rows, string expected) => Assert.Equal(expected, WrittenFiles.RefusalOf("x.arff", Series + rows + "\n"));

    [Fact]
    public void A_column_that_is_not_there_is_refused_with_those_that_are()
    {
        Assert.Equal("x.arff, line 7: expected a column 'target', there are a b, c, kind, class. Name one of these as ClassColumn.", WrittenFiles.RefusalOf("x.arff", Flat, new DatasetReadOptions { ClassColumn = "target" }));
    }
}
