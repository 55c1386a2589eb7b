using System.IO.Compression;
using Microsoft.Extensions.Time.Testing;

namespace Edge.Storage.Tests.Datasets;

/// <summary>Which set a specification means, and what a load says while it goes.</summary>
public class DatasetReaderTests
{
    private const string Ts = "@classLabel true a b\n@data\n1,2:a\n3,4:b\n";

    [Fact]
    public void A_place_with_several_sets_wants_a_name_and_lists_them()
    {
        using var files = new WrittenFiles(("Two/Two_TRAIN.ts", Ts), ("Two/Two_TEST.ts", Ts), ("One.csv", "1,a\n2,b\n"), ("readme.txt", "x"));
        Assert.Equal("FOLDER holds 2 data sets, and none is named: it holds One, Two. Write FOLDER#One.", files.Refusal());
        Assert.Equal("FOLDER has no data set 'Three': it holds One, Two. Write FOLDER#One.", files.Refusal("#Three"));
        Assert.Equal(["One", "Two"], DatasetReader.List(files.Folder));
        Assert.Equal("Two", files.Read("#two").Name);
    }

    [Fact]
    public void A_zip_is_read_as_the_folder_is()
    {
        using var files = new WrittenFiles(("d/Two_TRAIN.ts", Ts), ("d/Two_TEST.ts", Ts + "x"), ("__MACOSX/d/Two_TRAIN.ts", "x"));
        ZipFile.CreateFromDirectory(files.Folder, files["../" + Path.GetFileName(files.Folder) + ".zip"]);
        string zip = files.Folder + ".zip";
        try
        {
            string message = Assert.Throws<InvalidDataException>(() => DatasetReader.Read(zip + "#Two", new DatasetReadOptions(), null, TestContext.Current.CancellationToken)).Message;
            Assert.Equal($"{zip}: d/Two_TEST.ts, line 5: expected dimensions and a label with colons between them (1,2,3:4,5,6:label), there is no colon. Take the line out or complete it.", message);
            Assert.Equal(["Two"], DatasetReader.List(zip));
        }
        finally
        {
            File.Delete(zip);
        }
    }

    [Fact]
    public void Of_two_formats_ts_is_taken_before_arff()
    {
        using var files = new WrittenFiles(("X_TRAIN.ts", Ts), ("X_TRAIN.arff", "broken"), ("X_TEST.arff", "broken"), ("X_TEST.ts", Ts));
        Assert.Equal(2, files.Read().Test!.Count);
    }

    [Fact]
    public void Sets_of_one_name_in_two_folders_are_told_apart_by_the_folder()
    {
        using var files = new WrittenFiles(("a/X.csv", "1,a\n2,b\n"), ("b/X.csv", "3,a\n4,b\n"));
        Assert.Equal(["a/X", "b/X"], DatasetReader.List(files.Folder));
        Assert.Equal([3f, 4f], files.Read("#b/X").Train.Values);
    }

    [Fact]
    public void A_test_split_alone_is_a_set_of_its_own()
    {
        using var files = new WrittenFiles(("X_TEST.ts", Ts));
        var set = files.Read();
        Assert.Equal("X_TEST", set.Name);
        Assert.Null(set.Test);
    }

    [Fact]
    public void The_content_decides_about_the_format_not_the_name()
    {
        Assert.Equal([1f, 2f, 3f, 4f], WrittenFiles.ReadText("ts.csv", Ts).Train.Values);
        Assert.Equal([5f, 6f], WrittenFiles.ReadText("svm.txt", "1 1:5\n2 1:6\n").Train.Values);
        Assert.Equal([5f, 6f], WrittenFiles.ReadText("table", "5,x\n6,y\n").Train.Values);
        Assert.Equal([5f, 6f], WrittenFiles.ReadText("a#b.csv", "5,x\n6,y\n").Train.Values);
    }

    [Fact]
    public void A_place_without_data_is_refused_and_zips_in_it_are_pointed_out()
    {
        using var files = new WrittenFiles(("readme.txt", "x"));
        Assert.Equal("FOLDER holds no data set: none of its 1 files is UCI HAR or ends in .ts, .npz, .arff, .csv, .tsv, .data, .dat, .libsvm, .svm. Give a file, folder or zip that does.", files.Refusal());
        File.WriteAllText(files["sets.zip"], "");
        Assert.EndsWith("It holds zips; name one of them: sets.zip.", files.Refusal());
        Assert.StartsWith("sets.zip is not a readable zip: ", files.Refusal("sets.zip"));
    }

    [Fact]
    public void What_is_not_there_is_said_with_what_could_be_given()
    {
        using var folder = new TempFolder();
        Assert.Equal($"there is no data set at {folder["x.ts"]}. Give a file, a folder or a zip, with #Name where it holds several, or one of uci-har, gas-drift, wisdm, eeg-eye, robot, uea:<Name>.",
            Assert.Throws<FileNotFoundException>(() => DatasetReader.Read(folder["x.ts"] + "#X", new DatasetReadOptions(), null, TestContext.Current.CancellationToken)).Message);
    }

    [Theory]
    [InlineData("uci-har", "UCI_HAR_Dataset_inertial.zip", null, "uci-har")]
    [InlineData("UCI-HAR", "UCI HAR Dataset", null, "uci-har")]
    [InlineData("gas-drift", "gas_sensor_array_drift_224_batches_1-6.zip", null, "gas-drift")]
    [InlineData("wisdm", "WISDM_ar_v1.1_transformed.zip", null, "wisdm")]
    [InlineData("eeg-eye", "eeg_eye_state.zip", null, "eeg-eye")]
    [InlineData("robot", "sensor_readings_24.zip", null, "robot")]
    [InlineData("uea:ERing", "uea_sensor_sets.zip", "ERing", null)]
    public void Short_names_find_their_files_in_the_first_folder_that_has_them(string spec, string file, string? set, string? name)
    {
        using var files = new WrittenFiles(("second/" + file, ""));
        Assert.Equal((files["second/" + file], set, name), DatasetPlaces.Resolve(spec, [files["first"], files["second"]]));
    }

    [Fact]
    public void A_short_name_that_is_nowhere_says_where_it_was_looked_for()
    {
        Assert.Equal("the data set 'robot' is not at /a/sensor_readings_24.zip nor at /b/sensor_readings_24.zip. Put it there, or set the environment variable EDGE_DATA to its folder.",
            Assert.Throws<FileNotFoundException>(() => DatasetPlaces.Resolve("robot", ["/a", "/b"])).Message);
    }

    [Fact]
    public void Progress_is_told_at_most_ten_times_a_second_and_at_the_end()
    {
        var time = new FakeTimeProvider();
        var told = new List<LoadProgress>();
        var meter = new LoadMeter(new Listener(told.Add), time, TestContext.Current.CancellationToken);
        meter.Expect(1000);
        for (int i = 0; i < 100; i++)
        {
            time.Advance(TimeSpan.FromMilliseconds(5)); // 100 reads in half a second
            meter.Advance("f", 10);
        }

        meter.Finish();
        Assert.Equal([200, 400, 600, 800, 1000, 1000], told.Select(t => t.DoneBytes));
        Assert.All(told, t => Assert.Equal(("f", 1000L), (t.File, t.TotalBytes)));
    }

    [Fact]
    public void Every_byte_of_both_splits_is_counted()
    {
        using var files = new WrittenFiles(("X_TRAIN.ts", Ts), ("X_TEST.ts", Ts));
        var told = new List<LoadProgress>();
        DatasetReader.Read(files.Folder, new DatasetReadOptions(), new Listener(told.Add), TestContext.Current.CancellationToken);
        Assert.Equal(new LoadProgress(files["X_TEST.ts"], 2 * Ts.Length, 2 * Ts.Length), told[^1]);
    }

    [Fact]
    public void A_load_stops_when_asked_to()
    {
        using var files = new WrittenFiles(("x.csv", string.Concat(Enumerable.Repeat("1,2,3,4,5,6,7,8,a\n1,2,3,4,5,6,7,8,b\n", 20_000))));
        using var stop = new CancellationTokenSource();
        var time = new FakeTimeProvider { AutoAdvanceAmount = TimeSpan.FromMilliseconds(150) };
        Assert.Throws<OperationCanceledException>(() => DatasetReader.Read(files["x.csv"], new DatasetReadOptions(), new Listener(_ => stop.Cancel()), stop.Token, time));
        Assert.Throws<OperationCanceledException>(() => DatasetReader.Read(files["x.csv"], new DatasetReadOptions(), null, stop.Token));
    }

    /// <summary>Progress without a thread of its own.</summary>
    private sealed class Listener(Action<LoadProgress> hear) : IProgress<LoadProgress>
    {
        public void Report(LoadProgress value) => hear(value);
    }
}
