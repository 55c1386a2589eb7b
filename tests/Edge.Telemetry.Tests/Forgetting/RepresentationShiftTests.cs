using Edge.Telemetry.Forgetting;

namespace Edge.Telemetry.Tests.Forgetting;

public class RepresentationShiftTests
{
    private static readonly float[] X = [1, 0, 0, 1, -1, 0, 0, -1, 2, 1];

    [Fact]
    public void Linear_CKA_has_its_known_answers()
    {
        float[] turned = [.. Enumerable.Range(0, 5).SelectMany(i => new[] { -3 * X[2 * i + 1], 3 * X[2 * i] })];

        Assert.Equal(1, LinearCka.Of(X, 2, X, 2), 12);
        Assert.Equal(1, LinearCka.Of(X, 2, turned, 2), 12);
        Assert.Equal(0.0632455532, LinearCka.Of(X, 2, [1, 2, 3, 4, 5], 1), 10);
        Assert.Equal(0.6285014279, LinearCka.Of(X, 2, [1, 1, 0, 2, -1, 0, 1, -1, 2, 0], 2), 9);
    }

    [Fact]
    public void What_is_not_finite_does_not_pass_for_alike()
    {
        float[] broken = [.. X];
        broken[3] = float.NaN;

        Assert.True(double.IsNaN(LinearCka.Of(X, 2, broken, 2)));
        Assert.Throws<ArgumentException>(() => LinearCka.Of(X, 2, X, 5));
    }

    [Fact]
    public void A_prototype_moves_by_the_distance_of_the_means_and_by_one_minus_their_cosine()
    {
        string[] classes = ["a", "b", "a"];
        float[] then = [1, 0, 0, 1, 1, 0], now = [1, 0, 0, -1, 0, 1];
        RepresentationShift shift = RepresentationShift.Of("s1", classes, now, 2, then, 2);

        Assert.Equal(("s1", 3), (shift.SnapshotId, shift.WindowCount));
        Assert.Equal(["a", "b"], shift.PerClass.Select(c => c.Class));
        Assert.Equal(Math.Sqrt(0.5), shift.PerClass[0].PrototypeDriftL2, 12); // (1, 0) to (1/2, 1/2)
        Assert.Equal(1 - Math.Sqrt(0.5), shift.PerClass[0].PrototypeDriftCosine!.Value, 12);
        Assert.Equal((2, 2), (shift.PerClass[1].PrototypeDriftL2, shift.PerClass[1].PrototypeDriftCosine!.Value));
    }

    [Fact]
    public void The_same_representation_has_not_moved_and_one_of_another_length_has_no_prototypes_to_compare()
    {
        RepresentationShift same = RepresentationShift.Of("s1", ["a", "a", "b", "b", "b"], X, 2, X, 2);
        Assert.Equal(1, same.LinearCka, 12);
        Assert.All(same.PerClass, c => Assert.Equal(0, c.PrototypeDriftL2, 12));

        RepresentationShift longer = RepresentationShift.Of("s1", ["a", "a", "b", "b", "b"], X, 2, [1, 2, 3, 4, 5], 1);
        Assert.Equal(0.0632455532, longer.LinearCka, 10);
        Assert.Empty(longer.PerClass);
    }
}
