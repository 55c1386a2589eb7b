namespace Edge.Storage;

/// <summary>
/// A uniform sample of everything that was offered: reservoir sampling (Vitter 1985, Random Sampling with a Reservoir, algorithm R). The n-th example draws a number m below n; when m is below the number kept, it replaces the m-th
/// kept one, otherwise it is not kept. Classes are kept in the proportion in which they come, so a rare one may vanish. Deviations: kept ones are numbered by age rather than by place, which is as random; with a limit in bytes that
/// binds, further ones are drawn to go until the new one fits, and the sample is uniform as long as examples are equally large. A capacity that was raised is filled with what comes next, which is then over-represented
/// (Al-Kateb, Lee and Wang 2007, Adaptive-Size Reservoir Sampling over Data Streams: a reservoir that has grown cannot be made exactly uniform again).
/// </summary>
public sealed class Reservoir(RetentionBudget budget, int seed, uint stream) : RetentionPolicy(budget)
{
    private const uint ReplaceStream = 0, EvictStream = 1;
    private readonly List<ulong> ids = []; // Ascending.

    /// <inheritdoc/>
    public override RetentionKind Kind => RetentionKind.Reservoir;

    /// <inheritdoc/>
    protected override Admission Decide(ExampleFacts example)
    {
        long m = (long)(Draw(seed, stream + ReplaceStream) * SeenCount());
        if (m >= Count) return Admission.Refused;
        ulong? replaced = ids[(int)m];
        return KeepInPlaceOf(example, () =>
        {
            ulong next = replaced ?? NextToGo();
            replaced = null;
            return next;
        });
    }

    /// <inheritdoc/>
    protected override ulong NextToGo() => ids[(int)(Draw(seed, stream + EvictStream) * ids.Count)];

    /// <inheritdoc/>
    protected override void OnKept(ExampleFacts example) => ids.Insert(~ids.BinarySearch(example.Id), example.Id);

    /// <inheritdoc/>
    protected override void OnGone(ExampleFacts example) => ids.RemoveAt(ids.BinarySearch(example.Id));

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
