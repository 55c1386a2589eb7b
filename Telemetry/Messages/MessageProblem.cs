namespace Edge.Telemetry.Messages;

/// <summary>One thing that is wrong with an inbound message.</summary>
/// <param name="Place">Where: a property, or "message" for the whole.</param>
/// <param name="Value">What stands there, shortened to 64 characters.</param>
/// <param name="Expectation">What was expected.</param>
/// <param name="Remedy">What to do about it.</param>
public sealed record MessageProblem(string Place, string Value, string Expectation, string Remedy)
{
    /// <summary>The problem in one line.</summary>
    public override string ToString() => $"{Place}: {Value}; expected {Expectation}. {Remedy}";
}

/// <summary>Whether an inbound message can be used, and if not, everything that is wrong with it.</summary>
/// <typeparam name="T">What it says.</typeparam>
/// <param name="Message">What it says; null when it cannot be used.</param>
/// <param name="Problems">Everything wrong with it; empty when it can be used.</param>
public sealed record MessageVerdict<T>(T? Message, IReadOnlyList<MessageProblem> Problems)
    where T : class
{
    /// <summary>Whether it can be used.</summary>
    [System.Diagnostics.CodeAnalysis.MemberNotNullWhen(true, nameof(Message))]
    public bool IsValid => Message is not null;

    /// <summary>The problems, one line each.</summary>
    public IReadOnlyList<string> Reasons => [.. Problems.Select(p => p.ToString())];
}
