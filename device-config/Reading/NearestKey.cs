namespace Edge.Config;

/// <summary>
/// The word that was probably meant: smallest Levenshtein distance without regard to case (Levenshtein 1966: insertions, deletions and replacements count 1
/// each).
/// </summary>
internal static class NearestKey
{
    private const int LongestWord = 64;

    /// <summary>The nearest of <paramref name="words"/>, or null when none is within a third of its own length, at least 1; ties go to the first.</summary>
    public static string? To(string written, IEnumerable<string> words)
    {
        if (written.Length > LongestWord)
        {
            return null;
        }

        string? nearest = null;
        int best = int.MaxValue;
        foreach (string word in words)
        {
            int distance = Distance(written, word);
            if (distance < best && distance <= Math.Max(1, word.Length / 3))
            {
                (nearest, best) = (word, distance);
            }
        }

        return nearest;
    }

    private static int Distance(string a, string b)
    {
        int[] row = [.. Enumerable.Range(0, b.Length + 1)];
        for (int i = 1; i <= a.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int replaced = diagonal + (char.ToLowerInvariant(a[i - 1]) == char.ToLowerInvariant(b[j - 1]) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(replaced, 1 + Math.Min(row[j], row[j - 1]));
            }
        }

        return row[b.Length];
    }
}
