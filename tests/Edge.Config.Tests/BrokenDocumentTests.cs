using System.Text;

namespace Edge.Config.Tests;

public class BrokenDocumentTests
{
    [Theory]
    [InlineData("{\n  \"window\": { \"stride\": 32 }\n  \"drift\": {}\n}", 3, 3)]
    [InlineData("{\"drift\": {\"delta\": NaN}}", 1, 21)]
    [InlineData("{\"drift\": {\"delta\": -Infinity}}", 1, 22)]
    [InlineData("{\"window\": {\"stride\": 32", 1, 25)]
    [InlineData("{\"window\": {\"stride\": 032}}", 1, 24)]
    [InlineData("{} {}", 1, 4)]
    [InlineData("{'window': {}}", 1, 2)]
    public void A_document_that_is_not_JSON_is_one_problem_with_its_place(string document, int line, int column)
    {
        string sentence = Verdicts.OnlyProblem(Verdicts.Of(document));

        // Between the brackets stand the parser's own words, which another patch of the runtime may choose differently.
        Assert.StartsWith("the document is not JSON (", sentence, StringComparison.Ordinal);
        Assert.EndsWith($") (line {line}, column {column}) but must be a JSON document; mend it there; what follows this place has not been read.", sentence, StringComparison.Ordinal);
    }

    [Fact]
    public void Control_characters_that_the_parser_quotes_are_escaped()
    {
        string sentence = Verdicts.OnlyProblem(Verdicts.Of("{\"window\": tr\0ue }"));
        Assert.DoesNotContain(sentence, char.IsControl);
        Assert.Contains(@"\u0000", sentence, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("",
        "the document is empty (line 1, column 1) but must be a JSON object; write {} for all defaults.")]
    [InlineData(" \n\t",
        "the document is empty (line 2, column 2) but must be a JSON object; write {} for all defaults.")]
    [InlineData("// nothing",
        "the document is empty (line 1, column 11) but must be a JSON object; write {} for all defaults.")]
    [InlineData("{\"device\": {\"id\": \"\\ud800\"}}",
        """the document is not JSON (half of a \u surrogate pair) (line 1, column 19) but must be a JSON document; write the character itself; what follows this place has not been read.""")]
    [InlineData("{\"\\udc00\": 1}",
        """the document is not JSON (half of a \u surrogate pair) (line 1, column 2) but must be a JSON document; write the character itself; what follows this place has not been read.""")]
    public void A_document_without_content_or_with_half_a_character_says_what_to_write(string document, string sentence) => Assert.Equal(sentence, Verdicts.OnlyProblem(Verdicts.Of(document)));

    [Fact]
    public void Comments_trailing_commas_and_a_byte_order_mark_are_allowed()
    {
        byte[] document = [0xEF, 0xBB, 0xBF, .. "{ /* a */ \"window\": { \"stride\": 32, }, // b\n }"u8];
        ConfigVerdict verdict = DeviceConfigReader.Read(document, "test.json");

        Assert.Equal(32, verdict.Config?.Window.Stride);
    }

    [Fact]
    public void Broken_UTF_8_is_refused_with_its_place()
    {
        byte[] document = [.. "{\n  \"device\": { \"id\": \"J"u8, 0xF6, .. "rg\" } }"u8];

        Assert.Equal("the document is not UTF-8 from byte 0xf6 on (line 2, column 23) but must be JSON in UTF-8; save it in that encoding; what follows this place has not been read.",
            Verdicts.OnlyProblem(DeviceConfigReader.Read(document, "test.json")));
    }

    [Fact]
    public void UTF_16_is_refused()
    {
        byte[] document = [.. Encoding.Unicode.GetPreamble(), .. Encoding.Unicode.GetBytes("{}")];

        Assert.StartsWith("the document is not UTF-8 from byte 0xff on (line 1, column 1) but", Verdicts.OnlyProblem(DeviceConfigReader.Read(document, "test.json")), StringComparison.Ordinal);
    }

    [Fact]
    public void A_document_of_256_KiB_is_read_and_one_byte_more_is_not()
    {
        byte[] atLimit = Encoding.UTF8.GetBytes("{}".PadRight(256 * 1024));

        Assert.True(DeviceConfigReader.Read(atLimit, "test.json").IsValid);
        Assert.Equal("the document is 262145 bytes long but must be at most 262144 bytes long; shorten it; the whole default document has 2 KiB.",
            Verdicts.OnlyProblem(DeviceConfigReader.Read([.. atLimit, (byte)' '], "test.json")));
    }

    [Fact]
    public void Thirty_two_levels_are_read_and_one_more_is_not()
    {
        string Nested(int levels) => "{\"a\":" + new string('[', levels - 1) + new string(']', levels - 1) + "}";

        Assert.StartsWith("a is an unknown key", Verdicts.OnlyProblem(Verdicts.Of(Nested(32))), StringComparison.Ordinal);
        Assert.Equal("the document is nested deeper than 32 levels (line 1, column 37) but must be nested at most 32 levels deep; flatten it; the sections need 5 levels.",
            Verdicts.OnlyProblem(Verdicts.Of(Nested(33))));
        Assert.Single(Verdicts.Of(Nested(100_000)).Problems);
    }

    [Fact]
    public void A_verdict_lists_a_hundred_problems_and_counts_the_rest()
    {
        string document = "{" + string.Join(",", Enumerable.Range(0, 10_000).Select(i => $"\"k{i}\":{i}")) + "}";
        ConfigVerdict verdict = Verdicts.Of(document);

        Assert.Equal((100, 9_900), (verdict.Problems.Count, verdict.OmittedProblemCount));
        Assert.StartsWith("test.json is refused for 10000 reasons:\n- k0 is an unknown key (line 1, column 2) but", verdict.ToString(), StringComparison.Ordinal);
        Assert.EndsWith("\n- and 9900 more, not listed.", verdict.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_refused_document_gives_nothing_to_use()
    {
        ConfigVerdict verdict = Verdicts.Of("{\"window\":{\"stride\":0}}");

        Assert.False(verdict.IsValid);
        Assert.Null(verdict.Config);
        Assert.Empty(verdict.CanonicalUtf8);
        Assert.Equal("", verdict.Hash);
    }
}
