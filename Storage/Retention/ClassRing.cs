namespace Edge.Storage;

/// <summary>
/// The newest examples of each class: a ring per class, first in first out (Chaudhry et al. 2019, On Tiny Episodic Memories in Continual Learning, section 3.2, "ring buffer"). The paper gives each of a known number of classes a ring of
/// equal size. Here classes appear over time, so a ring gives room to others as they come: the largest class gives way, its oldest example first. Nothing stays unused while some class could fill it, every example is kept at
/// first, and what is kept of a class is always its newest.
/// </summary>
public sealed class ClassRing(RetentionBudget budget) : RetentionPolicy(budget)
{
    /// <inheritdoc/>
    public override RetentionKind Kind => RetentionKind.Ring;

    /// <inheritdoc/>
    protected override Admission Decide(ExampleFacts example) => KeepInPlaceOf(example, () => KeptOf(GivingWay(example.Class, alreadyKept: false))[0]);

    /// <inheritdoc/>
    protected override ulong NextToGo() => KeptOf(Largest())[0];

    /// <summary>Nothing.</summary>
    protected override void WriteOwn(BinaryWriter writer)
    {
    }

    /// <inheritdoc/>
    protected override void ReadOwn(BinaryReader reader)
    {
    }

    /// <inheritdoc/>
    protected override void ForgetOwn(string className)
    {
    }
}
