using System.Globalization;
using System.Text;

namespace Edge.Storage;

/// <summary>The lines of a .ts file up to <c>@data</c>. Letter case does not matter.</summary>
internal sealed class TsHeader(string file)
{
    private readonly List<string> ignored = [];
    private float[] room = [];

    /// <summary><c>@data</c> has come.</summary>
    public bool IsComplete { get; private set; }

    /// <summary>The classes of <c>@classLabel true …</c>; numbers in one spelling.</summary>
    public IReadOnlyList<string> ClassNames { get; private set; } = [];

    /// <summary><c>@dimensions</c>, or 1 where the header says <c>@univariate true</c>; 0 where it says nothing.</summary>
    public int DimensionCount { get; private set; }

    /// <summary><c>@equalLength</c>; false where it says nothing.</summary>
    public bool IsEqualLength { get; private set; }

    /// <summary><c>@seriesLength</c>; 0 where it says nothing.</summary>
    public int SeriesLength { get; private set; }

    /// <summary>Headers of other names.</summary>
    public IReadOnlyList<string> Ignored => ignored;

    /// <summary>Takes one line that is neither empty nor a comment.</summary>
    public void Take(ReadOnlySpan<byte> line, int number)
    {
        if (line[0] != '@') throw MalformedFile.At(file, number, $"a header or '@data' before the cases, not {MalformedFile.Quote(line)}", "Write '@data' on a line of its own before the first case.");
        string[] words = Encoding.UTF8.GetString(line).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        switch (words[0].ToLowerInvariant())
        {
            case "@data": Complete(number); break;
            case "@problemname" or "@missing": break;
            case "@timestamps" when Truth(words, number): throw MalformedFile.At(file, number, "@timeStamps false", "Time stamps are not read: resample to an even rate and write plain values.");
            case "@timestamps": break;
            case "@univariate" when Truth(words, number): DimensionCount = DimensionCount is 0 or 1 ? 1 : throw Contradiction(number); break;
            case "@univariate": break;
            case "@dimensions" or "@dimension": DimensionCount = Whole(words, number) is var d && DimensionCount is 1 && d != 1 ? throw Contradiction(number) : d; break;
            case "@equallength": IsEqualLength = Truth(words, number); break;
            case "@serieslength": SeriesLength = Whole(words, number); break;
            case "@targetlabel" when Truth(words, number): throw MalformedFile.At(file, number, "classes, not a regression target", "Take a classification problem.");
            case "@targetlabel": break;
            case "@classlabel" when Truth(words, number): Declare(words, number); break;
            case "@classlabel": throw MalformedFile.At(file, number, "@classLabel true with the names of the classes", "Without labels nothing can be learned; take a set that has them.");
            default: ignored.Add(words[0]); break;
        }
    }

    /// <summary>Room for the values of one case, used again for the next.</summary>
    public float[] Room(int count)
    {
        if (room.Length < count) room = new float[count];
        return room;
    }

    private void Declare(string[] words, int number)
    {
        ClassNames = [.. words.Skip(2).Select(Numeral.Canonical)];
        if (ClassNames.Count == 0 || ClassNames.Distinct().Count() < ClassNames.Count)
            throw MalformedFile.At(file, number, "the names of the classes, each once, after '@classLabel true'", "Complete the header.");
    }

    private void Complete(int number)
    {
        if (ClassNames.Count == 0) throw MalformedFile.At(file, number, "'@classLabel true' with the names of the classes before '@data'", "Add the header.");
        IsComplete = true;
    }

    private InvalidDataException Contradiction(int number) => MalformedFile.At(file, number, "@dimensions 1 where the header says @univariate true", "Correct one of the two headers.");

    private bool Truth(string[] words, int number) => words.Length > 1 && bool.TryParse(words[1], out bool truth) ? truth
        : throw MalformedFile.At(file, number, $"true or false after {words[0]}", "Complete the header.");

    private int Whole(string[] words, int number) =>
        words.Length == 2 && int.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out int whole) && whole > 0 ? whole
        : throw MalformedFile.At(file, number, $"a whole number from 1 after {words[0]}", "Correct the header.");
}
