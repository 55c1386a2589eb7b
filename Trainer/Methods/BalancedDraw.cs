namespace Edge.Trainer.Methods;

/// <summary>A draw without duplicates in which classes take turns, as evenly as their sizes allow.</summary>
internal static class BalancedDraw
{
    /// <summary>Up to <paramref name="count"/> windows.</summary>
    public static int[] From(IEnumerable<IReadOnlyList<int>> classes, int count, Random random)
    {
        int[][] decks = [.. classes.Where(kept => kept.Count > 0).Select(kept => kept.ToArray())];
        random.Shuffle(decks);
        foreach (int[] deck in decks) random.Shuffle(deck);
        int[] drawn = new int[Math.Min(count, decks.Sum(deck => deck.Length))];
        for (int row = 0, n = 0; n < drawn.Length; row++)
        {
            foreach (int[] deck in decks)
            {
                if (row < deck.Length && n < drawn.Length) drawn[n++] = deck[row];
            }
        }

        return drawn;
    }
}
