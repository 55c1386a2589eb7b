namespace Edge.Storage.Tests.Datasets;

/// <summary>Files that NumPy has written, read here.</summary>
public class NpzFromNumpyTests
{
    private static readonly float[] s_counted = [.. Enumerable.Range(0, 24).Select(i => i / 4f - 2)];

    [Theory]
    [InlineData("f2", "C")]
    [InlineData("f2", "F")]
    [InlineData("f4", "C")]
    [InlineData("f4", "F")]
    [InlineData("f8", "C")]
    [InlineData("f8", "F")]
    public void Values_of_every_float_type_and_order_arrive_where_they_belong(string type, string order)
    {
        var set = Written($"np.savez(path, X=np.asarray((np.arange(24) / 4 - 2).reshape(4, 3, 2), dtype='{type}', order='{order}'), y=np.array([3, 1, 3, 1]))");
        Assert.Equal(s_counted, set.Train.Values);
        Assert.Equal(new WindowShape(3, 2, 1), set.Train.Window);
        Assert.Equal([1, 0, 1, 0], set.Train.Classes);
        Assert.Equal(["1", "3"], set.Train.ClassNames);
        Assert.Empty(set.Notes);
    }

    [Theory]
    [InlineData("int8", "C")]
    [InlineData("int16", "C")]
    [InlineData("int16", "F")]
    [InlineData("int32", "C")]
    [InlineData("uint8", "C")]
    public void Whole_numbers_times_the_scale_of_their_channel_are_the_values(string type, string order)
    {
        var set = Written($"np.savez_compressed(path, X=np.asarray(np.arange(12).reshape(2, 3, 2), dtype='{type}', order='{order}'), y=['b', 'a'], scale=np.array([0.5, 1, -2]))");
        Assert.Equal([0f, 0.5f, 2f, 3f, -8f, -10f, 3f, 3.5f, 8f, 9f, -20f, -22f], set.Train.Values);
    }

    [Fact]
    public void Text_labels_subjects_domains_and_the_rate_are_read()
    {
        var set = Written("""
            np.savez(path, X=np.array([[1, 2], [3, np.nan], [5, 7]], dtype='f4'), y=np.array(['Gehen', 'Stehen', 'Gehen']), subject=np.array([30, 4, 30], dtype='i2'),
                     domain=np.array(['süd', 'nord', 'süd']), sample_rate_hz=np.float64(12.5), extra=np.zeros(3))
            """);
        Assert.Equal([1f, 2f, 3f, 4.5f, 5f, 7f], set.Train.Values);
        Assert.Equal(new WindowShape(2, 1, 12.5), set.Train.Window);
        Assert.Equal(["Gehen", "Stehen"], set.Train.ClassNames);
        Assert.Equal([30, 4, 30], set.Train.Subjects);
        Assert.Equal([0, 1, 0], set.Train.Domains);
        Assert.Equal(["süd", "nord"], set.Train.DomainNames);
        Assert.Equal(["x.npz: ignored the arrays extra", "1 value missing, filled with the training median of their feature"], set.Notes);
    }

    [Fact]
    public void Class_names_are_given_to_numbers_and_bytes_are_text()
    {
        var set = Written("np.savez(path, X=np.ones((3, 2, 2)), y=np.array([2, 0, 2], dtype='u1'), classes=np.array([b'a', b'b', b'c']), domain=np.array([10, 9, 10]))");
        Assert.Equal(["a", "b", "c"], set.Train.ClassNames);
        Assert.Equal([2, 0, 2], set.Train.Classes);
        Assert.Equal(["9", "10"], set.Train.DomainNames);
        Assert.Equal([1, 0, 1], set.Train.Domains);
    }

    [Fact]
    public void A_pair_of_files_makes_both_splits()
    {
        using var files = new WrittenFiles();
        PythonNumpy.Run("""
            np.savez(path + '/s_train.npz', X=np.arange(12.).reshape(2, 2, 3), y=['a', 'b'])
            np.savez(path + '/s_test.npz', X=np.arange(12.).reshape(3, 2, 2), y=['b', 'b', 'a'])
            """, files.Folder);
        var set = files.Read();
        Assert.Equal([0f, 1f, 0f, 2f, 3f, 0f], set.Test![0].ToArray());
        Assert.Equal([1, 1, 0], set.Test.Classes);
        Assert.Equal(["lengths 2 to 3, zero-padded at the end to 3, the longest of the training split"], set.Notes);
    }

    [Fact]
    public void A_file_within_a_zip_is_read()
    {
        using var files = new WrittenFiles();
        PythonNumpy.Run("np.savez(path + '/inner.npz', X=np.arange(4.).reshape(2, 2), y=['a', 'b'])", files.Folder);
        using (var zip = System.IO.Compression.ZipFile.Open(files["outer.zip"], System.IO.Compression.ZipArchiveMode.Create)) System.IO.Compression.ZipFileExtensions.CreateEntryFromFile(zip, files["inner.npz"], "d/inner.npz");
        Assert.Equal([0f, 1f, 2f, 3f], files.Read("outer.zip").Train.Values);
    }

    [Theory]
    [InlineData("X=np.zeros((2, 2), dtype='>f4'), y=[0, 1]", "X: expected little-endian elements, it has >f4. Convert it: x.astype('<f4').")]
    [InlineData("X=np.array([[1], [None]]), y=[0, 1]", "X: expected numbers or text, it holds Python objects. Objects are never unpickled. Convert it: astype(str) for names, a rectangular float array for values.")]
    [InlineData("X=np.zeros((2, 2), dtype='c8'), y=[0, 1]", "X: expected an element type f2, f4, f8, i1 to i8, u1 to u8, b1, U or S, it has '<c8'. Convert it with astype.")]
    [InlineData("X=np.zeros((2, 2), dtype=[('a', 'f4')]), y=[0, 1]", "X: expected one element type, it has fields (a structured array). Save each field as an array of its own.")]
    [InlineData("X=np.zeros(2), y=[0, 1]", "X: expected the shape [N, C, T] or [N, F] with no 0, it is (2,). Windows first, then channels, then time.")]
    [InlineData("X=np.zeros((2, 0)), y=[0, 1]", "X: expected the shape [N, C, T] or [N, F] with no 0, it is (2, 0). Windows first, then channels, then time.")]
    [InlineData("X=np.array([['a'], ['b']]), y=[0, 1]", "X: expected numbers, it has text (<U1). Convert it: X.astype('f4').")]
    [InlineData("X=np.array([[[1, 2]], [[3, np.inf]]]), y=[0, 1]", "X, value [1, 0, 1]: expected a finite float32 or NaN, it is Infinity. Correct it, or write NaN if it is missing.")]
    [InlineData("X=np.array([[1.], [1e39]]), y=[0, 1]", "X, value [1, 0]: expected a finite float32 or NaN, it is 1E+39. Correct it, or write NaN if it is missing.")]
    [InlineData("X=np.zeros((2, 2)), y=[0, 1, 0]", "y: expected the shape (2,), one for each case of X, it is (3,). Correct it, or flatten it: y.ravel().")]
    [InlineData("X=np.zeros((2, 2)), y=[[0], [1]]", "y: expected the shape (2,), one for each case of X, it is (2, 1). Correct it, or flatten it: y.ravel().")]
    [InlineData("X=np.zeros((2, 2)), y=[0., 1.]", "y: expected whole numbers or text, it has <f8. Convert it: y.astype(int).")]
    [InlineData("X=np.zeros((2, 2)), y=[1, 2], classes=['a', 'b']", "y, case 1: expected a place in 'classes' from 0 to 1, not 2. Count from 0, or leave out the names.")]
    [InlineData("X=np.zeros((2, 2)), y=['a', 'c'], classes=['a', 'b']", "y, case 1: expected one of the classes that the header declares (a, b), not 'c'. Correct the label or the header.")]
    [InlineData("X=np.zeros((2, 2)), y=[0, 1], classes=['a', 'a']", "classes: expected the names of the classes, each once. Correct it.")]
    [InlineData("X=np.zeros((2, 2)), y=[0, 1], scale=[1., 2.]", "X: expected whole numbers since there is a 'scale', it has <f8. Remove 'scale', or store X as whole numbers.")]
    [InlineData("X=np.zeros((2, 2), dtype='i2'), y=[0, 1], scale=[1.]", "scale: expected 2 numbers, one for each channel, its shape is (1,). Correct it.")]
    [InlineData("X=np.zeros((2, 2), dtype='i2'), y=[0, 1], scale=[1., np.nan]", "scale: expected finite numbers. Correct it.")]
    [InlineData("X=np.zeros((2, 2)), y=[0, 1], subject=[1]", "subject: expected the shape (2,), one for each case of X, it is (1,). Correct it, or flatten it: subject.ravel().")]
    [InlineData("X=np.zeros((2, 2)), y=[0, 1], sample_rate_hz=-1.", "sample_rate_hz: expected a rate above 0. Correct or remove it.")]
    public void What_cannot_be_used_is_refused_by_name(string arrays, string expected)
    {
        using var files = new WrittenFiles();
        PythonNumpy.Run($"np.savez(path, {arrays})", files["x.npz"]);
        Assert.Equal("x.npz: " + expected, files.Refusal("x.npz"));
    }

    [Theory]
    [InlineData("X=np.zeros((2, 2))", "x.npz: expected an array 'y', there are X. Save it as numpy.savez(path, X=…, y=…).")]
    [InlineData("x=np.zeros((2, 2)), y=[0, 1]", "x.npz: expected an array 'X', there are x, y. Save it as numpy.savez(path, X=…, y=…).")]
    public void A_missing_array_is_named_with_those_that_are_there(string arrays, string expected)
    {
        using var files = new WrittenFiles();
        PythonNumpy.Run($"np.savez(path, {arrays})", files["x.npz"]);
        Assert.Equal(expected, files.Refusal("x.npz"));
    }

    private static Dataset Written(string script)
    {
        using var files = new WrittenFiles();
        PythonNumpy.Run(script, files["x.npz"]);
        return files.Read("x.npz");
    }
}
