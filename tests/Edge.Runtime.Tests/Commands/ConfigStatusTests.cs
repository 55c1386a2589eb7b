using System.Text.Json;
using Edge.Runtime.Commands;

namespace Edge.Runtime.Tests.Commands;

/// <summary>What an operator reads of a device's report, a made-up one included.</summary>
public sealed class ConfigStatusTests
{
    [Theory]
    [InlineData(""", "gapWindows": 0""", ", no window lost")]
    [InlineData(""", "gapWindows": 1""", ", 1 window lost")]
    [InlineData(""", "gapWindows": 37""", ", 37 windows lost")]
    [InlineData("", "")]
    public void The_latest_attempt_says_what_it_cost(string gap, string said) => Assert.Equal(
        $"d1  active version 3 (0123456789ab), last version 3 applied at 2026-01-02T03:04:05.678Z{said}, trusts signed by keys version 2",
        Line($$"""{ "active": { "version": 3, "hash": "0123456789abcdef" }, "lastAttempt": { "version": 3, "result": "applied", "reasons": [], "at": "2026-01-02T03:04:05.678Z"{{gap}} }, "trust": "signed", "keysVersion": 2 }"""));

    [Fact]
    public void Reasons_notes_and_what_is_wrong_with_the_keys_have_lines_of_their_own() => Assert.Equal(
        ["d1  active file (ab), last version 4 rolledBack at now, 5 windows lost, trusts nothing", "  one", "  two", "  the clock", "  keys: torn"],
        Line("""{ "active": { "source": "file", "hash": "ab" }, "lastAttempt": { "version": 4, "result": "rolledBack", "reasons": ["one", "two"], "notes": ["the clock"], "at": "now", "gapWindows": 5 }, "trust": "nothing", "keysProblems": ["torn"] }""").Split('\n'));

    [Fact]
    public void Every_reason_is_there_to_its_end()
    {
        string[] reasons = [.. Enumerable.Range(0, 20).Select(i => $"{i} {new string('x', 500)} remedy")];
        Assert.Equal(reasons, Line(JsonSerializer.Serialize(new { lastAttempt = new { reasons } })).Split("\n  ")[1..]);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{ "active": 7, "lastAttempt": [], "trust": {} }""")]
    [InlineData("""{ "active": { "version": "x", "hash": 1 }, "lastAttempt": { "version": 1e400, "result": null, "reasons": "none", "gapWindows": "many" }, "keysProblems": [1] }""")]
    public void What_is_of_another_type_is_as_if_it_were_not_there(string report) => Assert.StartsWith("d1  active ? (?)", Line(report));

    [Fact]
    public void A_text_cannot_move_the_cursor() => Assert.DoesNotContain('\u001b', Line("""{ "active": { "source": "\u001b[2J" }, "lastAttempt": { "result": "\u001b[2J", "reasons": ["\u001b[2J"] } }"""));

    private static string Line(string report) => ConfigStatusCommand.Line("d1", JsonDocument.Parse(report).RootElement);
}
