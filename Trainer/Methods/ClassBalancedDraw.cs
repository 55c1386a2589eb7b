namespace Edge.Trainer.Methods;

/// <summary>
/// A class-balanced draw without duplicates: classes take turns, each dealing from its own shuffled deck, so that every window of a class comes up before one comes up again.
/// Holds at most as many indices as the round has samples.
/// </summary>
public sealed class ClassBalancedDraw(int seed)
{
    private readonly Random random = new(seed);
    private readonly SortedDictionary<int, Deck> decks = [];

    /// <summary>Windows that can be drawn.</summary>
    public int Count { get; private set; }

    /// <summary>Adds a window of a class; it can come up from the next draw on.</summary>
    public void Offer(int index, int classIndex)
    {
        if (!decks.TryGetValue(classIndex, out var deck)) decks.Add(classIndex, deck = new Deck());
        deck.Offer(index, random);
        Count++;
    }

    /// <summary>Up to <paramref name="count"/> different windows, as evenly over the classes as their sizes allow; fewer when there are no more.</summary>
    public List<int> Next(int count)
    {
        var drawn = new List<int>(Math.Min(count, Count));
        var order = decks.Values.ToArray();
        random.Shuffle(order);
        foreach (var deck in order) deck.LeftInThisDraw = deck.Count;
        for (bool any = true; any && drawn.Count < count;)
        {
            any = false;
            foreach (var deck in order)
            {
                if (deck.LeftInThisDraw == 0 || drawn.Count == count) continue;
                deck.LeftInThisDraw--;
                drawn.Add(deck.Deal(random, drawn));
                any = true;
            }
        }

        return drawn;
    }

    /// <summary>The windows of one class: [0, next) were dealt, [next, Count) wait.</summary>
    private sealed class Deck
    {
        private readonly List<int> cards = [];
        private int next;

        public int Count => cards.Count;

        public int LeftInThisDraw { get; set; }

        /// <summary>Puts a card at a random place among those that wait.</summary>
        public void Offer(int card, Random random)
        {
            cards.Add(card);
            Swap(random.Next(next, cards.Count), cards.Count - 1);
        }

        /// <summary>The next card that this draw does not hold yet; reshuffles when all were dealt.</summary>
        public int Deal(Random random, List<int> drawn)
        {
            if (next == cards.Count) Reshuffle(random);
            for (int i = next; drawn.Contains(cards[next]) && ++i < cards.Count;) Swap(next, i);
            return cards[next++];
        }

        private void Reshuffle(Random random)
        {
            next = 0;
            random.Shuffle(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(cards));
        }

        private void Swap(int a, int b) => (cards[a], cards[b]) = (cards[b], cards[a]);
    }
}
