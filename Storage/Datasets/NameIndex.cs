using System.Globalization;

namespace Edge.Storage;

/// <summary>Names met in a file, numbered from 0 in the order in which they come.</summary>
internal sealed class NameIndex
{
    private readonly Dictionary<string, int> numbers = new(StringComparer.Ordinal);
    private readonly List<string> names = [];

    /// <summary>The names by number.</summary>
    public IReadOnlyList<string> Names => names;

    /// <summary>Number of a name; a new one is given the next.</summary>
    public int Of(string name)
    {
        if (numbers.TryGetValue(name, out int number)) return number;
        numbers.Add(name, names.Count);
        names.Add(name);
        return names.Count - 1;
    }

    /// <summary>Number of a name that was met, else −1.</summary>
    public int Find(string name) => numbers.TryGetValue(name, out int number) ? number : -1;

    /// <summary>The whole numbers that the names are, or, unless all are, their places in the order in which they came.</summary>
    public int[] ToIntegers()
    {
        int[] integers = new int[names.Count];
        for (int i = 0; i < integers.Length; i++)
        {
            if (!int.TryParse(names[i], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out integers[i])) return [.. Enumerable.Range(0, names.Count)];
        }

        return integers;
    }
}
