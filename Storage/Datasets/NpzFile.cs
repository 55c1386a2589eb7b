using System.Globalization;
using System.IO.Compression;

namespace Edge.Storage;

/// <summary>
/// A .npz (numpy.savez, compressed or not) with <c>X</c> [N, C, T] or [N, F] of f2, f4, f8 or whole numbers (NaN: missing) and <c>y</c> [N], whole numbers or text. Optional: <c>classes</c> [K] text (then whole
/// numbers in y are places in it), <c>subject</c> [N], <c>domain</c> [N] whole numbers or text, <c>domains</c> [D] text (as classes for y), <c>scale</c> [C] with X of whole numbers (value = X × scale of the channel),
/// <c>sample_rate_hz</c>, one number. Little-endian, C or Fortran order. Other arrays are ignored and noted.
/// </summary>
internal static class NpzFile
{
    private static readonly string[] s_known = ["X", "y", "classes", "subject", "domain", "domains", "scale", "sample_rate_hz"];

    /// <summary>Bytes that will be read.</summary>
    public static long UnpackedBytes(DatasetFile file)
    {
        using var zip = Open(file, 1L << 32);
        return zip.Entries.Where(e => s_known.Contains(Key(e))).Sum(e => e.Length);
    }

    public static CaseTable Read(DatasetFile file, LoadContext context)
    {
        using var zip = Open(file, context.Options.LargestValueCount * 8L);
        var clash = zip.Entries.GroupBy(Key).FirstOrDefault(g => g.Count() > 1);
        if (clash is not null) throw MalformedFile.Whole(file.Display, $"each array once, there are {clash.Count()} called '{clash.Key}'", "Write it with numpy.savez.");
        string[] ignored = [.. zip.Entries.Select(Key).Where(k => !s_known.Contains(k))];
        if (ignored.Length > 0) context.Note($"{Path.GetFileName(file.Name)}: ignored the arrays {MalformedFile.List(ignored)}");

        var arrays = new Arrays(zip, file, context);
        if (arrays.Numbers("sample_rate_hz", 1) is { } rate) context.SampleRateHz = rate[0] > 0 && double.IsFinite(rate[0]) ? rate[0] : throw MalformedFile.Whole($"{file.Display}: sample_rate_hz", "a rate above 0", "Correct or remove it.");
        var table = context.NewTable(file);
        int count = ReadValues(arrays, table);
        Label(arrays, table, count, context);
        table.Subjects.AddRange(arrays.Names("subject", count) is { } subjects ? subjects.Select(context.Subjects.Of) : Enumerable.Repeat(-1, count));
        ReadDomains(arrays, table, count, context);
        return table;
    }

    private static int ReadValues(Arrays arrays, CaseTable table)
    {
        using var x = arrays.Required("X");
        int[] shape = x.Header.Shape;
        if (shape.Length is not (2 or 3) || shape.Contains(0)) throw MalformedFile.Whole(x.Name, $"the shape [N, C, T] or [N, F] with no 0, it is {x.Header.ShapeText}", "Windows first, then channels, then time.");
        if (x.Header.Kind is 'U' or 'S') throw MalformedFile.Whole(x.Name, $"numbers, it has text ({x.Header.Descr})", "Convert it: X.astype('f4').");
        double[]? scale = arrays.Numbers("scale", shape[1]);
        if (scale is not null && x.Header.Kind == 'f') throw MalformedFile.Whole(x.Name, $"whole numbers since there is a 'scale', it has {x.Header.Descr}", "Remove 'scale', or store X as whole numbers.");
        table.Adopt(x.ToValues(scale, arrays.Largest), shape[1], shape.Length == 3 ? shape[2] : 1);
        return shape[0];
    }

    private static void Label(Arrays arrays, CaseTable table, int count, LoadContext context)
    {
        string[]? classes = arrays.Texts("classes");
        if (classes is not null && (classes.Length == 0 || classes.Contains("") || classes.Distinct().Count() < classes.Length)) throw MalformedFile.Whole($"{table.File}: classes", "the names of the classes, each once", "Correct it.");
        string[] labels = arrays.Names("y", count, classes, "classes") ?? throw arrays.Missing("y");
        if (classes is not null) context.Classes.Declare(classes);
        for (int i = 0; i < count; i++) table.Classes.Add(context.Classes.Of(labels[i], $"{table.File}: y", $"case {i}"));
    }

    private static void ReadDomains(Arrays arrays, CaseTable table, int count, LoadContext context)
    {
        string[]? names = arrays.Texts("domains");
        string[]? domains = arrays.Names("domain", count, names, "domains");
        if (domains is null) table.Domains.AddRange(Enumerable.Repeat(-1, count));
        else
        {
            // Numbers rise with time as a rule, so their order counts; text comes in the order of the file.
            var order = names ?? (arrays.HasIntegers("domain") ? domains.Distinct().OrderBy(d => long.Parse(d, CultureInfo.InvariantCulture)) : domains.Distinct());
            foreach (string name in order) context.Domains.Of(name);
            table.Domains.AddRange(domains.Select(context.Domains.Of));
        }
    }

    private static string Key(ZipArchiveEntry entry) => entry.FullName.EndsWith(".npy", StringComparison.Ordinal) ? entry.FullName[..^4] : entry.FullName;

    private static ZipArchive Open(DatasetFile file, long largestBytes)
    {
        // In a zip within a zip nothing can be looked up, so the inner one is unpacked into memory first.
        var stream = file.Open();
        try
        {
            if (!stream.CanSeek && file.LengthBytes > Math.Min(largestBytes, Array.MaxLength)) throw MalformedFile.Whole(file.Display, $"at most {largestBytes} bytes for a file within a zip, it has {file.LengthBytes}", "Unpack the outer zip.");
            var zip = new ZipArchive(stream, ZipArchiveMode.Read);
            _ = zip.Entries.Count; // The directory is read at the first look, not at the opening.
            return zip;
        }
        catch (InvalidDataException e) when (!e.Message.StartsWith(file.Display, StringComparison.Ordinal))
        {
            stream.Dispose();
            throw new InvalidDataException($"{file.Display} is not a readable .npz: {e.Message} Write it again with numpy.savez.", e);
        }
    }

    /// <summary>The arrays of one file by name.</summary>
    private sealed class Arrays(ZipArchive zip, DatasetFile file, LoadContext context)
    {
        private readonly HashSet<string> integers = [];

        public int Largest => context.Options.LargestValueCount;

        public bool HasIntegers(string key) => integers.Contains(key);

        public InvalidDataException Missing(string key) => MalformedFile.Whole(file.Display, $"an array '{key}', there are {MalformedFile.List([.. zip.Entries.Select(Key)])}", $"Save it as numpy.savez(path, X=…, y=…).");

        public NpyArray Required(string key) => Find(key) ?? throw Missing(key);

        /// <summary>As many numbers; null: there is no such array.</summary>
        public double[]? Numbers(string key, int count)
        {
            using var array = Find(key);
            if (array is null) return null;
            double[] numbers = array.ToNumbers(Largest);
            if (numbers.Length != count || array.Header.Shape.Length > 1) throw MalformedFile.Whole(array.Name, $"{count} {(count == 1 ? "number" : "numbers, one for each channel")}, its shape is {array.Header.ShapeText}", "Correct it.");
            return Array.TrueForAll(numbers, double.IsFinite) ? numbers : throw MalformedFile.Whole(array.Name, "finite numbers", "Correct it.");
        }

        /// <summary>Text along one axis; null: there is no such array.</summary>
        public string[]? Texts(string key)
        {
            using var array = Find(key);
            if (array is null) return null;
            if (array.Header.Shape.Length != 1) throw MalformedFile.Whole(array.Name, $"one axis, its shape is {array.Header.ShapeText}", "Correct it.");
            return array.ToLabels(Largest).Texts ?? throw MalformedFile.Whole(array.Name, $"text, it has {array.Header.Descr}", "Convert it: numpy.array(names, dtype=str).");
        }

        /// <summary>One name per case: text as it is, whole numbers as places in <paramref name="names"/> where these are, else as their digits; null: there is no such array.</summary>
        public string[]? Names(string key, int count, string[]? names = null, string namesKey = "")
        {
            using var array = Find(key);
            if (array is null) return null;
            if (array.Header.Shape.Length != 1 || array.Header.Shape[0] != count)
                throw MalformedFile.Whole(array.Name, $"the shape ({count},), one for each case of X, it is {array.Header.ShapeText}", $"Correct it, or flatten it: {key}.ravel().");
            var (numbers, texts) = array.ToLabels(Largest);
            if (numbers is null) return texts;
            integers.Add(key);
            if (names is null) return Array.ConvertAll(numbers, n => n.ToString(CultureInfo.InvariantCulture));
            int wrong = Array.FindIndex(numbers, n => n < 0 || n >= names.Length);
            if (wrong >= 0) throw MalformedFile.Whole($"{array.Name}, case {wrong}", $"a place in '{namesKey}' from 0 to {names.Length - 1}, not {numbers[wrong]}", "Count from 0, or leave out the names.");
            return Array.ConvertAll(numbers, n => names[n]);
        }

        private NpyArray? Find(string key)
        {
            var entry = zip.GetEntry(key + ".npy");
            if (entry is null) return null;
            string name = $"{file.Display}: {key}";
            return new NpyArray(context.Meter.Over(DatasetFiles.OpenEntry(entry, name), name), name);
        }
    }
}
