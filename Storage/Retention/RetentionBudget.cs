namespace Edge.Storage;

/// <summary>What may be kept. Whichever limit is reached first binds.</summary>
/// <param name="Count">Most examples, at least 1.</param>
/// <param name="PayloadBytes">Most bytes of their values, at least 1, without what the file adds to each; <see cref="long.MaxValue"/>: no limit.</param>
public readonly record struct RetentionBudget(int Count, long PayloadBytes = long.MaxValue);

/// <summary>What a policy is told of an example.</summary>
/// <param name="Id">Its id; ids rise in the order of arrival.</param>
/// <param name="Class">Name of its class.</param>
/// <param name="StartSeconds">Stream time of its window's first sample, seconds.</param>
/// <param name="PayloadBytes">Bytes that its values take in its record.</param>
/// <param name="Descriptor">What <see cref="WindowDescriptor"/> makes of the stored window; empty for a policy that asks for none.</param>
public sealed record ExampleFacts(ulong Id, string Class, double StartSeconds = 0, int PayloadBytes = 0, ReadOnlyMemory<float> Descriptor = default);

/// <summary>Outcome of an offer.</summary>
/// <param name="Admitted">Whether the example is kept.</param>
/// <param name="Evicted">The examples that had to go for it; more than one when it is larger than they are.</param>
public sealed record Admission(bool Admitted, IReadOnlyList<ulong> Evicted)
{
    /// <summary>Not kept; nothing changes.</summary>
    public static Admission Refused { get; } = new(false, []);

    /// <summary>Kept; there was room.</summary>
    public static Admission Free { get; } = new(true, []);
}

/// <summary>What a policy must remember beside the facts of what it keeps.</summary>
/// <param name="Kind">The policy that wrote it.</param>
/// <param name="Draws">Random draws taken so far.</param>
/// <param name="Seen">Examples offered so far, by class.</param>
/// <param name="Own">What only this policy understands.</param>
public sealed record RetentionCounters(RetentionKind Kind, ulong Draws, IReadOnlyDictionary<string, long> Seen, byte[] Own);
