using Edge.Storage;
using Edge.Telemetry.Messages;

namespace Edge.Runtime.Labelling;

/// <summary>Somebody says what a window was. An operator's label and a recorded one are the same thing from here on.</summary>
/// <param name="WindowId">The window.</param>
/// <param name="Class">Its class.</param>
/// <param name="Origin">Who says so: <c>mqtt</c> or <c>sensor</c>.</param>
/// <param name="RequestId">Handed back with the answer; may be null.</param>
public sealed record LabelRequest(ulong WindowId, string Class, string Origin, string? RequestId = null);

/// <summary>What became of a label.</summary>
/// <param name="Request">The label.</param>
/// <param name="Example">The durable example; null while it is on the way to the disk, or when the label was refused.</param>
/// <param name="RefusedBecause">Why not; null when it was not refused.</param>
public sealed record LabelOutcome(LabelRequest Request, Example? Example, string? RefusedBecause)
{
    /// <summary>A label that is not taken.</summary>
    public static LabelOutcome Refused(LabelRequest request, string because) => new(request, null, because);

    /// <summary>The answer to whoever sent the label.</summary>
    public LabelResultMessage ToMessage() => new()
    {
        RequestId = Request.RequestId,
        WindowId = Request.WindowId,
        Class = Request.Class,
        Accepted = Example is not null,
        ExampleId = Example?.Id,
        Role = Example?.Role,
        Reason = RefusedBecause,
    };
}
