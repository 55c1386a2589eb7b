using System.Globalization;

namespace Edge.Runtime.Bench;

/// <summary>Seeds as text: <c>5</c> is the first five, <c>1-5</c> a range, <c>3,7</c> or <c>1-3,7</c> a list; <c>7-7</c> is seed 7 alone.</summary>
public static class SeedList
{
    /// <summary>Most seeds of one table.</summary>
    public const int MaxCount = 1000;

    /// <summary>Reads a list: at least one seed, each from 0 to 2^31 - 1, none twice; null when the text is no such list.</summary>
    public static IReadOnlyList<int>? Parse(string text)
    {
        if (Number(text) is { } count) return count is > 0 and <= MaxCount ? [.. Enumerable.Range(1, count)] : null;
        var seeds = new List<int>();
        foreach (string part in text.Split(','))
        {
            string[] ends = part.Split('-', 2);
            if (Number(ends[0]) is not { } first || Number(ends[^1]) is not { } last || last < first || last - (long)first >= MaxCount) return null;
            for (long seed = first; seed <= last; seed++) seeds.Add((int)seed);
        }

        return seeds.Count <= MaxCount && seeds.Distinct().Count() == seeds.Count ? seeds : null;
    }

    /// <summary>The shortest text that <see cref="Parse"/> reads as <paramref name="seeds"/>.</summary>
    public static string Text(IReadOnlyList<int> seeds)
    {
        if (seeds.SequenceEqual(Enumerable.Range(1, seeds.Count))) return $"{seeds.Count}";
        var parts = new List<string>();
        for (int i = 0; i < seeds.Count;)
        {
            int end = i;
            while (end + 1 < seeds.Count && seeds[end + 1] == seeds[end] + 1) end++;
            parts.Add(end > i || seeds.Count == 1 ? $"{seeds[i]}-{seeds[end]}" : $"{seeds[i]}");
            i = end + 1;
        }

        return string.Join(',', parts);
    }

    /// <summary>Seeds for a reader: 3 or 1, 2, 3.</summary>
    public static string Told(IReadOnlyList<int> seeds) => string.Join(", ", seeds);

    private static int? Number(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : null;
}
