namespace Edge.Storage.Tests.Datasets;

/// <summary>The real files, against the counts that their publishers state and that were counted with other tools.</summary>
public class RecordedDatasetsTests
{
    private static readonly DatasetReadOptions s_default = new();

    [Theory]
    [InlineData("BasicMotions", 40, 40, 6, 100, 4)]
    [InlineData("ERing", 30, 270, 4, 65, 6)]
    [InlineData("JapaneseVowels", 270, 370, 12, 26, 9)]
    [InlineData("PickupGestureWiimoteZ", 50, 50, 1, 361, 10)]
    [InlineData("AsphaltObstacles", 390, 391, 1, 736, 4)]
    [InlineData("PLAID", 537, 537, 1, 1344, 11)]
    public void The_UEA_sets_have_the_counts_and_shapes_of_the_archive(string name, int train, int test, int channels, int length, int classes)
    {
        var set = Read("uea_sensor_sets.zip", name);
        Assert.Equal((name, train, test), (set.Name, set.Train.Count, set.Test!.Count));
        Assert.Equal((new WindowShape(channels, length, 1), classes), (set.Train.Window, set.Train.ClassNames.Count));
        Assert.Equal((set.Train.Window, set.Train.ClassNames), (set.Test.Window, set.Test.ClassNames));
        Assert.Equal((train * channels * length, test * channels * length), (set.Train.Values.Length, set.Test.Values.Length));
        Assert.Equal(classes, set.Train.Classes.Distinct().Count());
        Assert.True(Array.TrueForAll(set.Train.Values, float.IsFinite));
    }

    [Fact]
    public void BasicMotions_is_the_same_from_ts_and_from_relational_arff()
    {
        using var folder = new TempFolder();
        System.IO.Compression.ZipFile.ExtractToDirectory(SharedData.File("uea_sensor_sets.zip"), folder.Path);
        string place = folder["BasicMotions"];
        var ts = DatasetReader.Read(place, s_default, null, TestContext.Current.CancellationToken);
        foreach (string file in Directory.GetFiles(place, "*.ts")) File.Delete(file);
        var arff = DatasetReader.Read(place, s_default, null, TestContext.Current.CancellationToken);
        Assert.Equal(ts.Train.Values, arff.Train.Values);
        Assert.Equal(ts.Test!.Values, arff.Test!.Values);
        Assert.Equal(ts.Test.Classes, arff.Test.Classes);
        Assert.Equal(["Standing", "Running", "Walking", "Badminton"], arff.Train.ClassNames);
    }

    [Fact]
    public void Japanese_vowels_says_what_was_done_about_its_lengths()
    {
        Assert.Equal(["lengths 7 to 29, zero-padded at the end to 26, the longest of the training split; 1 longer case of the test split cut"], Read("uea_sensor_sets.zip", "JapaneseVowels").Notes);
    }

    [Fact]
    public void Gas_drift_has_six_batches_in_order_as_domains()
    {
        var set = Read("gas_sensor_array_drift_224_batches_1-6.zip");
        Assert.Equal((5933, 6, new WindowShape(128, 1, 1)), (set.Train.Count, set.Train.ClassNames.Count, set.Train.Window));
        Assert.Null(set.Test);
        Assert.Equal(["batch1", "batch2", "batch3", "batch4", "batch5", "batch6"], set.Train.DomainNames);
        Assert.Equal([445, 1244, 1586, 161, 197, 2300], Enumerable.Range(0, 6).Select(d => set.Train.Domains.Count(domain => domain == d)));
        Assert.Equal(["1", "2", "3", "4", "5", "6"], set.Train.ClassNames);
        Assert.Equal((15596.1621f, 1.868245f, -2.654529f), (set.Train[0][0], set.Train[0][1], set.Train[0][127]));
        Assert.Empty(set.Notes);
    }

    [Fact]
    public void Wisdm_has_36_users_and_43_features_and_fills_the_peaks_that_are_missing()
    {
        var set = Read("WISDM_ar_v1.1_transformed.zip");
        Assert.Equal((5418, new WindowShape(43, 1, 1)), (set.Train.Count, set.Train.Window));
        Assert.Equal(36, set.Train.Subjects.Distinct().Count());
        Assert.Equal((33, "Jogging"), (set.Train.Subjects[0], set.Train.ClassNames[set.Train.Classes[0]]));
        Assert.Equal(["Walking", "Jogging", "Upstairs", "Downstairs", "Sitting", "Standing"], set.Train.ClassNames);
        Assert.Equal([2081, 1625, 632, 528, 306, 246], Enumerable.Range(0, 6).Select(c => set.Train.Classes.Count(label => label == c)));
        Assert.Equal(["dropped, since it is no feature: 'UNIQUE_ID'", "the column 'user' says who was recorded; it is no feature", "615 values missing, filled with the training median of their feature"], set.Notes);
        Assert.True(Array.TrueForAll(set.Train.Values, float.IsFinite));
    }

    [Fact]
    public void The_EEG_recording_has_14980_rows_in_the_order_of_time()
    {
        var set = Read("eeg_eye_state.zip");
        Assert.Equal((14980, new WindowShape(14, 1, 1)), (set.Train.Count, set.Train.Window));
        Assert.Equal([8257, 6723], Enumerable.Range(0, 2).Select(c => set.Train.Classes.Count(label => label == c)));
        Assert.Equal((4329.23f, 4393.85f, 4324.62f), (set.Train[0][0], set.Train[0][13], set.Train[1][0]));
    }

    [Fact]
    public void The_wall_following_robot_has_5456_rows_of_24_sensors()
    {
        var set = Read("sensor_readings_24.zip");
        Assert.Equal((5456, new WindowShape(24, 1, 1)), (set.Train.Count, set.Train.Window));
        Assert.Equal(["Move-Forward", "Sharp-Right-Turn", "Slight-Left-Turn", "Slight-Right-Turn"], set.Train.ClassNames);
        Assert.Equal([2205, 2097, 328, 826], Enumerable.Range(0, 4).Select(c => set.Train.Classes.Count(label => label == c)));
    }

    [Fact]
    public void UCI_HAR_is_the_same_through_the_reader_and_says_how_far_it_is()
    {
        var told = new List<LoadProgress>();
        string path = SharedData.File(UciHarArchive.FileName);
        var set = DatasetReader.Read(path, s_default, new Listener(told.Add), TestContext.Current.CancellationToken);
        Assert.Equal(("UCI HAR", 7352, 2947, UciHarArchive.Window), (set.Name, set.Train.Count, set.Test!.Count, set.Train.Window));
        Assert.Equal(UciHarArchive.Read(path, "test").Values, set.Test.Values);
        Assert.Equal(told[^1].TotalBytes, told[^1].DoneBytes);
        Assert.Equal(9 * (6041350 + 15071600) + 7934 + 5894 + 20152 + 14704, told[^1].TotalBytes);
        Assert.Equal(told.Select(t => t.DoneBytes).Order(), told.Select(t => t.DoneBytes));
    }

    private static Dataset Read(string file, string? set = null) =>
        DatasetReader.Read(SharedData.File(file) + (set is null ? "" : "#" + set), s_default, null, TestContext.Current.CancellationToken);

    /// <summary>Progress without a thread of its own.</summary>
    private sealed class Listener(Action<LoadProgress> hear) : IProgress<LoadProgress>
    {
        public void Report(LoadProgress value) => hear(value);
    }
}
