namespace Edge.Runtime.Doctor;

/// <summary>How a checked thing is.</summary>
public enum FindingState
{
    /// <summary>It is there.</summary>
    Ok,

    /// <summary>It is not there, and the configuration does without it.</summary>
    Absent,

    /// <summary>It is not there, and the configuration needs it.</summary>
    Missing,
}

/// <summary>One thing that was looked at.</summary>
/// <param name="Name">The thing.</param>
/// <param name="State">How it is.</param>
/// <param name="Detail">What was seen.</param>
/// <param name="Remedy">What to do about it; empty when there is nothing to do.</param>
public sealed record Finding(string Name, FindingState State, string Detail, string Remedy = "")
{
    /// <inheritdoc/>
    public override string ToString() =>
        $"{State switch { FindingState.Ok => "ok     ", FindingState.Absent => "absent ", _ => "MISSING" }}  {Name,-20} {Detail}{(Remedy.Length > 0 ? $"\n{new string(' ', 30)}-> {Remedy}" : "")}";
}
