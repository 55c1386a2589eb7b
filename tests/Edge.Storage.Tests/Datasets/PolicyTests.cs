namespace Edge.Storage.Tests.Datasets;

/// <summary>What becomes of unequal lengths, missing values, classes that cannot be learned, and too much data.</summary>
public class PolicyTests
{
    private const string Header = "@classLabel true a b\n@data\n";

    [Fact]
    public void Every_default_is_the_documented_one()
    {
        var options = new DatasetReadOptions();
        Assert.Equal((UnequalLengths.PadWithZeros, MissingValues.Interpolate, null, null), (options.UnequalLengths, options.MissingValues, options.SampleRateHz, options.ClassColumn));
        Assert.Equal((null, null, null, null), (options.SubjectColumn, options.DomainColumn, options.DroppedColumns, options.Header));
        Assert.Equal((1 << 28, 64 << 20), (options.LargestValueCount, options.LargestLineBytes));
    }

    [Fact]
    public void Shorter_cases_get_zeros_at_the_end_of_every_channel_and_longer_test_cases_are_cut()
    {
        using var files = Unequal();
        var set = files.Read();
        Assert.Equal([1f, 2f, 3f, 4f, 5f, 6f, 7f, 0f, 0f, 8f, 0f, 0f], set.Train.Values);
        Assert.Equal([1f, 2f, 3f, 5f, 6f, 7f], set.Test!.Values);
        Assert.Equal(["lengths 1 to 4, zero-padded at the end to 3, the longest of the training split; 1 longer case of the test split cut"], set.Notes);
    }

    [Fact]
    public void Resampling_keeps_the_ends_and_lies_on_the_line_between()
    {
        using var files = Unequal();
        var set = files.Read("", new DatasetReadOptions { UnequalLengths = UnequalLengths.Resample });
        Assert.Equal([1f, 2f, 3f, 4f, 5f, 6f, 7f, 7f, 7f, 8f, 8f, 8f], set.Train.Values);
        Assert.Equal([1f, 2.5f, 4f, 5f, 6.5f, 8f], set.Test!.Values);
        Assert.Equal(["lengths 1 to 4, resampled linearly to 3, the longest of the training split"], set.Notes);
    }

    [Fact]
    public void Refused_lengths_name_the_first_case_of_another_length()
    {
        using var files = Unequal();
        Assert.Equal("X_TRAIN.ts, line 4: expected cases of one length, they are 1 to 4 samples long. Make them equal in the file, or read with UnequalLengths.PadWithZeros or Resample.",
            files.Refusal("", new DatasetReadOptions { UnequalLengths = UnequalLengths.Refuse }));
    }

    [Fact]
    public void A_test_split_of_another_length_counts_as_unequal()
    {
        using var files = new WrittenFiles(("X_TRAIN.ts", Header + "1,2:a\n1,2:b\n"), ("X_TEST.ts", Header + "1,2,3:a\n"));
        Assert.StartsWith("X_TEST.ts, its first case: expected cases of one length, they are 2 to 3 samples long.", files.Refusal("", new DatasetReadOptions { UnequalLengths = UnequalLengths.Refuse }));
        Assert.Equal([1f, 2f], files.Read().Test!.Values);
    }

    [Fact]
    public void Missing_samples_lie_on_the_line_between_their_neighbours_and_ends_are_held()
    {
        var set = WrittenFiles.ReadText("x.ts", Header + "?,1,NaN,nan,4,?:1,2,3,4,5,6:a\n?,?,?,?,?,?:7,?,?,?,?,9:b\n");
        Assert.Equal([1f, 1f, 2f, 3f, 4f, 4f, 1f, 2f, 3f, 4f, 5f, 6f, 0f, 0f, 0f, 0f, 0f, 0f, 7f, 7.4f, 7.8f, 8.2f, 8.6f, 9f], set.Train.Values);
        Assert.Equal(["14 values missing, filled by linear interpolation along time within the channel, ends held; 1 channel of a case without any value set to 0"], set.Notes);
    }

    [Fact]
    public void Missing_features_take_the_median_of_the_training_split_in_both_splits()
    {
        using var files = new WrittenFiles(("x_train.csv", "1,?,,a\n2,5,?,a\n4,6,NA,b\nNaN,9,?,b\n"), ("x_test.csv", "?,?,3,a\n"));
        var set = files.Read();
        Assert.Equal([1f, 6f, 0f, 2f, 5f, 0f, 4f, 6f, 0f, 2f, 9f, 0f], set.Train.Values);
        Assert.Equal([2f, 6f, 3f], set.Test!.Values);
        Assert.Equal(["8 values missing (6 in the training, 2 in the test split), filled with the training median of their feature; 1 feature without any value in the training split set to 0"], set.Notes);
    }

    [Fact]
    public void The_median_of_an_even_number_is_the_mean_of_the_middle_two() =>
        Assert.Equal([1f, 4f, 2.5f], WrittenFiles.ReadText("x.csv", "1,a\n4,b\n?,b\n").Train.Values);

    [Fact]
    public void Refused_missing_values_name_the_first()
    {
        Assert.Equal("x.csv, line 2: expected no missing value, there are 2 in all. Fill them in the file, or read with MissingValues.Interpolate.",
            WrittenFiles.RefusalOf("x.csv", "1,2,a\n1,?,b\n?,1,b\n", new DatasetReadOptions { MissingValues = MissingValues.Refuse }));
    }

    [Fact]
    public void One_class_alone_is_refused()
    {
        Assert.Equal("x.csv: expected cases of at least two classes, all 2 have the class 'a'. Nothing can be learned from one class; if the class is in another column, name it with ClassColumn.",
            WrittenFiles.RefusalOf("x.csv", "1,a\n2,a\n"));
    }

    [Fact]
    public void A_class_that_is_only_in_the_test_split_is_refused()
    {
        using var files = new WrittenFiles(("x_train.csv", "1,a\n2,b\n"), ("x_test.csv", "1,b\n1,c\n"));
        Assert.Equal("x_test.csv, line 2: expected one of the training split's classes (a, b), not 'c'. A class that is only in the test split cannot be learned: take its cases out, or put some into the training split.", files.Refusal());
    }

    [Fact]
    public void A_test_split_of_other_channels_is_refused()
    {
        using var files = new WrittenFiles(("x_train.csv", "1,a\n2,b\n"), ("x_test.csv", "1,2,b\n"));
        Assert.Equal("x_test.csv: expected cases of 1 channel as in the training split, they have 2. Are the two splits of one data set?", files.Refusal());
    }

    [Fact]
    public void More_values_than_allowed_are_refused_before_they_are_held()
    {
        var options = new DatasetReadOptions { LargestValueCount = 5 };
        Assert.Equal("x.ts: expected at most 5 values (0 MiB), there are at least 6. Take fewer or shorter cases, or raise LargestValueCount if the memory is there.", WrittenFiles.RefusalOf("x.ts", Header + "1,2,3:a\n1,2,3:b\n", options));
        Assert.StartsWith("x.ts at one length: expected at most 5 values (0 MiB), there are at least 6.", WrittenFiles.RefusalOf("x.ts", Header + "1,2,3:a\n1:b\n", options));
        Assert.StartsWith("x.dat: expected at most 5 values (0 MiB), there are at least 6.", WrittenFiles.RefusalOf("x.dat", "1 6:1\n", options));
    }

    [Fact]
    public void The_sample_rate_is_what_the_caller_says() =>
        Assert.Equal(20, WrittenFiles.ReadText("x.ts", Header + "1,2:a\n1,2:b\n", new DatasetReadOptions { SampleRateHz = 20 }).Train.Window.SampleRateHz);

    private static WrittenFiles Unequal() => new(("X_TRAIN.ts", Header + "1,2,3:4,5,6:a\n7:8:b\n"), ("X_TEST.ts", Header + "1,2,3,4:5,6,7,8:b\n"));
}
