using Edge.Runtime.Inference;

namespace Edge.Runtime.Tests.Inference;

/// <summary>What is remembered of the frozen features: few of each class, all of its past alike.</summary>
public class RememberedFeaturesTests
{
    [Fact]
    public void Of_every_class_fifty_are_kept_and_early_ones_as_often_as_late_ones()
    {
        double early = 0;
        const int Draws = 200, Seen = 500;
        for (int seed = 0; seed < Draws; seed++)
        {
            var remembered = new RememberedFeatures(seed);
            remembered.Offer(Windows("rare", 3, 0));
            for (int at = 0; at < Seen; at += 100) remembered.Offer(Windows("often", 100, at));
            Assert.Equal((3, 50), (remembered.Classes.Count(c => c == "rare"), remembered.Classes.Count(c => c == "often")));
            Assert.Equal(2 * 53, remembered.Features.Length);
            for (int i = 0; i < 53; i++) Assert.Equal(remembered.Classes[i] == "rare" ? -1 : 1, remembered.Features[2 * i + 1]);
            for (int i = 3; i < 53; i++) early += remembered.Features[2 * i] < Seen / 2 ? 1 : 0;
        }

        Assert.InRange(early / (50 * Draws), 0.48, 0.52); // A standard deviation is 0.005.
    }

    [Fact]
    public void Windows_without_frozen_features_are_not_taken_and_a_fresh_start_draws_as_the_first()
    {
        var remembered = new RememberedFeatures(1);
        var none = new EncodedWindows(2, 0);
        none.Add("a", [1, 0], []);
        remembered.Offer(none);
        Assert.Empty(remembered.Classes);
        remembered.Offer(Windows("often", 300, 0));
        float[] first = remembered.Features.ToArray();
        remembered.Clear();
        Assert.Equal(0, remembered.Features.Length);
        remembered.Offer(Windows("often", 300, 0));
        Assert.Equal(first, remembered.Features);
    }

    private static EncodedWindows Windows(string name, int count, int from)
    {
        var windows = new EncodedWindows(1, 2);
        for (int i = 0; i < count; i++) windows.Add(name, [1], [from + i, name == "rare" ? -1 : 1]);
        return windows;
    }
}
