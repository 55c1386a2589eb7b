using System.Text.Json;

namespace Edge.Runtime.Fleet;

/// <summary>What a device's report says of its latest attempt to change the configuration; read leniently, as <see cref="ReportReader"/> does.</summary>
/// <param name="Json">The object <c>lastAttempt</c>.</param>
internal readonly record struct AttemptReport(JsonElement Json)
{
    private const int MostReasons = 100, MostReasonCharacters = 2000;

    /// <summary>What became of it; empty when nothing is said.</summary>
    internal string Result => Json.Text("result") ?? "";

    /// <summary>One word for each reason.</summary>
    internal IReadOnlyList<string> Codes => Json.Texts("codes");

    /// <summary>The reasons for a person, a line each, indented.</summary>
    internal string ReasonLines => string.Concat(Json.Texts("reasons", MostReasons, MostReasonCharacters).Select(reason => $"\n  {reason}"));

    /// <summary>Whether it could not be read, or its key is not trusted: nobody says whose it was.</summary>
    internal bool IsUnread => Json.Member("version") is null && Result == "refused";

    /// <summary>Reads a report; null when it is none, or tells of no attempt.</summary>
    internal static AttemptReport? Of(ReadOnlyMemory<byte> payload) => ReportReader.Root(payload) is { } report ? Of(report) : null;

    /// <summary>The attempt in a report; null when there is none.</summary>
    internal static AttemptReport? Of(JsonElement report) => report.Member("lastAttempt") is { ValueKind: JsonValueKind.Object } attempt ? new AttemptReport(attempt) : null;

    /// <summary>Whether it was made with that document.</summary>
    internal bool IsOf(long version, string keyId) => Json.Whole("version") == version && (Json.Text("keyId") ?? keyId) == keyId;
}
