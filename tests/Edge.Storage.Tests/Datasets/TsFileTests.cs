namespace Edge.Storage.Tests.Datasets;

public class TsFileTests
{
    private const string Header = "#comment\n@problemName X\n@timeStamps false\n@missing false\n@univariate false\n@dimensions 2\n@equalLength true\n@seriesLength 3\n@classLabel true up down\n@data\n";

    [Fact]
    public void A_case_is_its_dimensions_and_its_label()
    {
        var set = WrittenFiles.ReadText("x.ts", Header + "1,2,3:4,5,-6E-1:down\n1.5,2,3: 4 , 5,6:up\r\n\n");
        Assert.Equal([1f, 2f, 3f, 4f, 5f, -0.6f, 1.5f, 2f, 3f, 4f, 5f, 6f], set.Train.Values);
        Assert.Equal(new WindowShape(2, 3, 1), set.Train.Window);
        Assert.Equal([1, 0], set.Train.Classes);
        Assert.Equal(["up", "down"], set.Train.ClassNames);
        Assert.Equal([0, 0], set.Train.Subjects);
        Assert.Empty(set.Notes);
        Assert.Null(set.Test);
    }

    [Fact]
    public void Train_and_test_are_one_set_with_the_classes_of_the_training_header()
    {
        using var files = new WrittenFiles(("X_TRAIN.ts", Header + "1,2,3:4,5,6:up\n1,2,3:4,5,6:down\n"), ("X_TEST.ts", Header.Replace("up down", "down up", StringComparison.Ordinal) + "0,0,0:0,0,9:down\n"));
        foreach (string place in new[] { "", "#X", "#x", "X_TRAIN.ts" })
        {
            var set = files.Read(place);
            Assert.Equal(("X", 2, 1), (set.Name, set.Train.Count, set.Test!.Count));
            Assert.Equal(("down", 9f), (set.Test.ClassNames[set.Test.Classes[0]], set.Test.Values[5]));
        }
    }

    [Fact]
    public void Labels_that_are_numbers_may_be_spelt_as_floats()
    {
        var set = WrittenFiles.ReadText("x.ts", "@univariate true\n@classLabel true 1 2\n@data\n1,2:1.0\n1,2:2\n");
        Assert.Equal([0, 1], set.Train.Classes);
        Assert.Equal(["1", "2"], set.Train.ClassNames);
    }

    [Theory]
    [InlineData("1,2,3:4,5,6", "x.ts, line 11: expected a label that @classLabel declares (up, down), not '4,5,6'. Correct the label or the header.")]
    [InlineData("1,2,3", "x.ts, line 11: expected dimensions and a label with colons between them (1,2,3:4,5,6:label), there is no colon. Take the line out or complete it.")]
    [InlineData("1,2,3:up", "x.ts, line 11: expected 2 dimensions as the header says, there are 1. Complete the case or correct the header.")]
    [InlineData("1,2,3:4,5:up", "x.ts, line 11: expected dimensions of one length, dimension 1 has 3 values and dimension 2 has 2. Fill the shorter one up with ? where nothing was recorded.")]
    [InlineData("1,2:4,5:up", "x.ts, line 11: expected 3 values per dimension as @seriesLength says, there are 2. Complete the case or correct the header.")]
    [InlineData("1,x,3:4,5,6:up", "x.ts, line 11: expected a finite number or ? as value 2 of dimension 1, not 'x'. Correct the value, or write ? if it is missing.")]
    [InlineData("1,2,3:4,5,1e99:up", "x.ts, line 11: expected a finite number or ? as value 3 of dimension 2, not '1e99'. Correct the value, or write ? if it is missing.")]
    [InlineData("1,2,3:4,,6:up", "x.ts, line 11: expected a finite number or ? as value 2 of dimension 2, not ''. Correct the value, or write ? if it is missing.")]
    [InlineData("1,Infinity,3:4,5,6:up", "x.ts, line 11: expected a finite number or ? as value 2 of dimension 1, not 'Infinity'. Correct the value, or write ? if it is missing.")]
    public void A_malformed_case_is_named(string line, string expected) => Assert.Equal(expected, WrittenFiles.RefusalOf("x.ts", Header + line + "\n"));

    [Theory]
    [InlineData("@timeStamps true\n", "x.ts, line 1: expected @timeStamps false. Time stamps are not read: resample to an even rate and write plain values.")]
    [InlineData("@classLabel false\n", "x.ts, line 1: expected @classLabel true with the names of the classes. Without labels nothing can be learned; take a set that has them.")]
    [InlineData("@classLabel true\n", "x.ts, line 1: expected the names of the classes, each once, after '@classLabel true'. Complete the header.")]
    [InlineData("@targetLabel true\n", "x.ts, line 1: expected classes, not a regression target. Take a classification problem.")]
    [InlineData("@dimensions none\n", "x.ts, line 1: expected a whole number from 1 after @dimensions. Correct the header.")]
    [InlineData("@equalLength\n", "x.ts, line 1: expected true or false after @equalLength. Complete the header.")]
    [InlineData("@univariate true\n@dimensions 3\n", "x.ts, line 2: expected @dimensions 1 where the header says @univariate true. Correct one of the two headers.")]
    [InlineData("@problemName X\n@data\n", "x.ts, line 2: expected '@classLabel true' with the names of the classes before '@data'. Add the header.")]
    [InlineData("@problemName X\n1,2:up\n", "x.ts, line 2: expected a header or '@data' before the cases, not '1,2:up'. Write '@data' on a line of its own before the first case.")]
    [InlineData("@classLabel true a b\n", "x.ts: expected a line '@data' before the cases, there is none. Is it the whole file?")]
    [InlineData("@classLabel true a b\n@data\n", "x.ts: expected at least one case, there is none. Is it the whole file?")]
    public void A_malformed_header_is_named(string text, string expected) => Assert.Equal(expected, WrittenFiles.RefusalOf("x.ts", text));

    [Fact]
    public void Lengths_that_differ_under_equalLength_true_are_refused()
    {
        Assert.Equal("x.ts, line 5: expected 2 values per dimension since the header says @equalLength true, there are 3. Write @equalLength false if the lengths differ.",
            WrittenFiles.RefusalOf("x.ts", "@equalLength true\n@classLabel true a b\n@data\n1,2:a\n1,2,3:b\n"));
    }

    [Fact]
    public void A_number_of_dimensions_that_changes_is_refused()
    {
        Assert.Equal("x.ts, line 4: expected 1 dimensions as in the first case, there are 2. Complete the case or correct the header.",
            WrittenFiles.RefusalOf("x.ts", "@classLabel true a b\n@data\n1,2:a\n1,2:3,4:b\n"));
    }

    [Fact]
    public void A_header_of_another_name_is_ignored_and_said()
    {
        Assert.Equal(["x.ts: the header @sensor is not known and was ignored"], WrittenFiles.ReadText("x.ts", "@sensor A\n@classLabel true a b\n@data\n1,2:a\n1,2:b\n").Notes);
    }

    [Fact]
    public void A_line_longer_than_allowed_is_refused()
    {
        Assert.Equal("x.ts, line 3: expected fewer than 64 bytes, there are more.",
            WrittenFiles.RefusalOf("x.ts", "@classLabel true a b\n@data\n" + string.Join(",", Enumerable.Repeat("1", 100)) + ":a\n", new DatasetReadOptions { LargestLineBytes = 64 }));
    }
}
