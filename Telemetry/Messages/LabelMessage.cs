namespace Edge.Telemetry.Messages;

/// <summary>An operator's word: this window is of that class.</summary>
/// <param name="WindowId">The window, from a prediction.</param>
/// <param name="Class">Its class, 1 to 64 characters; whether the device knows that class is for the device to judge.</param>
/// <param name="RequestId">Comes back in the result; null when none was given.</param>
public sealed record LabelMessage(ulong WindowId, string Class, string? RequestId)
{
    /// <summary>Name and version of this message.</summary>
    public const string SchemaName = "edge.label/1";

    private static readonly string[] Known = ["windowId", "class", "requestId", "schema"];

    /// <summary>Reads the payload of <c>…/label</c>; never throws. <c>schema</c> may be left out; where it is given it must be <see cref="SchemaName"/>.</summary>
    public static MessageVerdict<LabelMessage> Read(ReadOnlyMemory<byte> payload)
    {
        StrictObject json = StrictObject.Read(payload, Known);
        ulong? windowId = json.WholeNumber("windowId");
        string? name = json.Text("class", 64);
        string? requestId = json.Text("requestId", 128, required: false);
        json.Version(SchemaName);
        return new(json.Problems.Count == 0 && windowId is { } id && name is not null ? new LabelMessage(id, name, requestId) : null, json.Problems);
    }
}
