using System.Globalization;
using System.IO.Compression;

namespace Edge.Storage.Tests.Datasets;

public class UciHarArchiveTests
{
    private static readonly Lazy<(string Path, LabelledWindows Train, LabelledWindows Test)> s_archive = new(() =>
    {
        string path = SharedData.File(UciHarArchive.FileName);
        return (path, UciHarArchive.Read(path, "train"), UciHarArchive.Read(path, "test"));
    });

    [Fact]
    public void The_splits_have_7352_and_2947_windows_of_21_and_9_subjects_with_none_in_both()
    {
        var (_, train, test) = s_archive.Value;
        Assert.Equal((7352, 2947), (train.Count, test.Count));
        Assert.Equal((7352 * 9 * 128, 2947 * 9 * 128), (train.Values.Length, test.Values.Length));
        Assert.Equal((21, 9), (train.Subjects.Distinct().Count(), test.Subjects.Distinct().Count()));
        Assert.Empty(train.Subjects.Intersect(test.Subjects));
        Assert.Equal([1722, 1544, 1406, 1777, 1906, 1944], Enumerable.Range(0, 6).Select(c => train.Classes.Concat(test.Classes).Count(label => label == c)));
    }

    [Theory]
    [InlineData("train")]
    [InlineData("test")]
    public void The_first_and_the_last_window_are_the_numbers_in_the_archive(string split)
    {
        var (path, train, test) = s_archive.Value;
        var windows = split == "train" ? train : test;
        using var zip = ZipFile.OpenRead(path);
        for (int channel = 0; channel < 9; channel++)
        {
            using var reader = new StreamReader(zip.Entries.Single(e => e.FullName.EndsWith($"/Inertial Signals/{UciHarArchive.Channels[channel]}_{split}.txt", StringComparison.Ordinal)).Open());
            string[] lines = reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
            Assert.Equal(windows.Count, lines.Length);
            foreach (int window in new[] { 0, windows.Count - 1 })
            {
                var expected = lines[window].Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Select(number => (float)double.Parse(number, CultureInfo.InvariantCulture));
                Assert.Equal(expected, windows[window].Slice(channel * 128, 128).ToArray());
            }
        }
    }

    [Fact]
    public void A_small_archive_in_the_publishers_layout_is_read()
    {
        var windows = Read(Small());
        Assert.Equal((2, "standing", 17), (windows.Count, windows.ClassNames[windows.Classes[1]], windows.Subjects[1]));
        Assert.Equal(1.03f, windows[1][3 * 128 + 5]); // window 1, channel 3
    }

    [Fact]
    public void Line_ends_of_either_kind_and_the_exponents_of_the_archive_are_read()
    {
        var entries = Small();
        entries[Signal("body_gyro_z")] = string.Concat(Enumerable.Repeat(string.Concat(Enumerable.Repeat("  -2.5755000e-002", 128)) + " \r\n", 2));
        entries["UCI HAR Dataset/train/y_train.txt"] = "1\r\n5\r\n";
        Assert.Equal(-0.025755f, Read(entries)[1][8 * 128 + 127]);
    }

    [Fact]
    public void A_missing_entry_is_named()
    {
        var entries = Small();
        entries.Remove(Signal("body_gyro_y"));
        Assert.Contains("has no entry '…/train/Inertial Signals/body_gyro_y_train.txt'; expected the publisher's layout", Refusal(entries));
    }

    [Theory]
    [InlineData("x", "body_acc_x_train.txt, line 2: expected 128 finite numbers, value 4 is not one")]
    [InlineData("1.2.3", "body_acc_x_train.txt, line 2: expected 128 numbers, there are more")]
    [InlineData("NaN", "body_acc_x_train.txt, line 2: expected 128 finite numbers, value 4 is not one")]
    [InlineData("1e99", "body_acc_x_train.txt, line 2: expected 128 finite numbers, value 4 is not one")]
    [InlineData("", "body_acc_x_train.txt, line 2: expected 128 finite numbers, value 128 is not one")]
    [InlineData("1 1", "body_acc_x_train.txt, line 2: expected 128 numbers, there are more")]
    public void A_line_with_a_bad_number_or_too_few_or_too_many_is_named(string fourth, string expected)
    {
        var entries = Small();
        entries[Signal("body_acc_x")] = Line("1") + "\n" + string.Join(" ", Enumerable.Repeat("1", 128).Select((number, i) => i == 3 ? fourth : number)) + "\n";
        Assert.Contains(expected, Refusal(entries));
    }

    [Fact]
    public void More_lines_than_labels_are_refused()
    {
        var entries = Small();
        entries[Signal("total_acc_z")] += Line("1") + "\n";
        Assert.Contains("total_acc_z_train.txt has more than the 2 lines that the labels have", Refusal(entries));
    }

    [Fact]
    public void Fewer_lines_than_labels_are_refused()
    {
        var entries = Small();
        entries[Signal("total_acc_z")] = Line("1") + "\n";
        Assert.Contains("total_acc_z_train.txt ends after line 1; the labels have 2 lines", Refusal(entries));
    }

    [Theory]
    [InlineData("1\n7\n", "y_train.txt, line 2: expected a whole number from 1 to 6, not '7'")]
    [InlineData("0\n1\n", "y_train.txt, line 1: expected a whole number from 1 to 6, not '0'")]
    [InlineData("1\n\nwalking\n", "y_train.txt, line 3: expected a whole number from 1 to 6, not 'walking'")]
    [InlineData("1\n2\n3\n", "y_train.txt has 3 lines, subject_train.txt 2; expected as many")]
    public void A_bad_label_is_named(string labels, string expected)
    {
        var entries = Small();
        entries["UCI HAR Dataset/train/y_train.txt"] = labels;
        Assert.Contains(expected, Refusal(entries));
    }

    [Fact]
    public void A_line_without_end_is_refused_by_name()
    {
        var entries = Small();
        entries[Signal("body_acc_y")] = new string('1', 1 << 21);
        Assert.Contains("body_acc_y_train.txt, line 1: expected fewer than 1048576 bytes", Refusal(entries));
    }

    [Fact]
    public void A_file_that_is_no_zip_is_refused_with_the_remedy()
    {
        using var folder = new TempFolder();
        File.WriteAllText(folder["a.zip"], "not a zip");
        string message = Assert.Throws<InvalidDataException>(() => UciHarArchive.Read(folder["a.zip"], "train")).Message;
        Assert.StartsWith($"{folder["a.zip"]} is not a readable zip:", message);
        Assert.EndsWith("Download it again.", message);
    }

    [Fact]
    public void Locate_takes_a_file_or_its_folder_and_else_says_where_it_looked()
    {
        using var folder = new TempFolder();
        Assert.Contains(folder[UciHarArchive.FileName], Assert.Throws<FileNotFoundException>(() => UciHarArchive.Locate(folder.Path)).Message);
        File.WriteAllText(folder[UciHarArchive.FileName], "");
        Assert.Equal(folder[UciHarArchive.FileName], UciHarArchive.Locate(folder.Path));
        Assert.Equal(folder[UciHarArchive.FileName], UciHarArchive.Locate(folder[UciHarArchive.FileName]));
    }

    [Fact]
    public void The_unpacked_folder_reads_as_the_zip_does()
    {
        using var folder = new TempFolder();
        foreach (var (name, text) in Small())
        {
            Directory.CreateDirectory(Path.GetDirectoryName(folder[name])!);
            File.WriteAllText(folder[name], text);
        }

        foreach (string place in new[] { folder.Path, folder["UCI HAR Dataset"] }) Assert.Equal(Read(Small()).Values, UciHarArchive.Read(UciHarArchive.Locate(place), "train").Values);
        File.WriteAllText(folder[Signal("body_acc_x")], Line("1") + "\n" + Line("x"));
        Assert.Equal($"{folder[Signal("body_acc_x")]}, line 2: expected 128 finite numbers, value 1 is not one.", Assert.Throws<InvalidDataException>(() => UciHarArchive.Read(folder.Path, "train")).Message);
    }

    private static string Signal(string channel) => $"UCI HAR Dataset/train/Inertial Signals/{channel}_train.txt";

    private static string Line(string number) => string.Join(" ", Enumerable.Repeat(number, 128));

    /// <summary>A well-formed split of two windows; window w of channel c holds w + c/100 everywhere.</summary>
    private static Dictionary<string, string> Small()
    {
        var entries = new Dictionary<string, string> { ["UCI HAR Dataset/train/y_train.txt"] = "1\n5\n", ["UCI HAR Dataset/train/subject_train.txt"] = "3\n17\n" };
        for (int c = 0; c < 9; c++) entries[Signal(UciHarArchive.Channels[c])] = Line($"0.0{c}") + "\n" + Line($"1.0{c}") + "\n";
        return entries;
    }

    private static LabelledWindows Read(Dictionary<string, string> entries)
    {
        using var folder = new TempFolder();
        using (var zip = ZipFile.Open(folder["a.zip"], ZipArchiveMode.Create))
        {
            foreach (var (name, text) in entries)
            {
                using var writer = new StreamWriter(zip.CreateEntry(name).Open());
                writer.Write(text);
            }
        }

        return UciHarArchive.Read(folder["a.zip"], "train");
    }

    private static string Refusal(Dictionary<string, string> entries)
    {
        string message = Assert.Throws<InvalidDataException>(() => Read(entries)).Message;
        Assert.Contains("a.zip", message);
        Assert.DoesNotContain("not a readable zip", message);
        return message;
    }
}
