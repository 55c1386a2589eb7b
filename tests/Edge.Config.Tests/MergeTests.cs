using System.Text;

namespace Edge.Config.Tests;

public class MergeTests
{
    /// <summary>RFC 7396, appendix A, all fifteen rows.</summary>
    [Theory]
    [InlineData("""{"a":"b"}""", """{"a":"c"}""", """{"a":"c"}""")]
    [InlineData("""{"a":"b"}""", """{"b":"c"}""", """{"a":"b","b":"c"}""")]
    [InlineData("""{"a":"b"}""", """{"a":null}""", """{}""")]
    [InlineData("""{"a":"b","b":"c"}""", """{"a":null}""", """{"b":"c"}""")]
    [InlineData("""{"a":["b"]}""", """{"a":"c"}""", """{"a":"c"}""")]
    [InlineData("""{"a":"c"}""", """{"a":["b"]}""", """{"a":["b"]}""")]
    [InlineData("""{"a":{"b":"c"}}""", """{"a":{"b":"d","c":null}}""", """{"a":{"b":"d"}}""")]
    [InlineData("""{"a":[{"b":"c"}]}""", """{"a":[1]}""", """{"a":[1]}""")]
    [InlineData("""["a","b"]""", """["c","d"]""", """["c","d"]""")]
    [InlineData("""{"a":"b"}""", """["c"]""", """["c"]""")]
    [InlineData("""{"a":"foo"}""", """null""", """null""")]
    [InlineData("""{"a":"foo"}""", "\"bar\"", "\"bar\"")]
    [InlineData("""{"e":null}""", """{"a":1}""", """{"e":null,"a":1}""")]
    [InlineData("""[1,2]""", """{"a":"b","c":null}""", """{"a":"b"}""")]
    [InlineData("""{}""", """{"a":{"bb":{"ccc":null}}}""", """{"a":{"bb":{}}}""")]
    public void Merging_gives_what_RFC_7396_gives(string target, string patch, string result) =>
        Assert.Equal(result, Encoding.UTF8.GetString(MergePatch.Apply(Encoding.UTF8.GetBytes(target), Encoding.UTF8.GetBytes(patch))));

    /// <summary>RFC 7396, section 3.</summary>
    [Fact]
    public void Merging_gives_the_worked_example_of_the_RFC()
    {
        const string Target = """{"title":"Goodbye!","author":{"givenName":"John","familyName":"Doe"},"tags":["example","sample"],"content":"This will be unchanged"}""";
        const string Patch = """{"title":"Hello!","phoneNumber":"+01-123-456-7890","author":{"familyName":null},"tags":["example"]}""";

        Assert.Equal("""{"title":"Hello!","author":{"givenName":"John"},"tags":["example"],"content":"This will be unchanged","phoneNumber":"+01-123-456-7890"}""",
            Encoding.UTF8.GetString(MergePatch.Apply(Encoding.UTF8.GetBytes(Target), Encoding.UTF8.GetBytes(Patch))));
    }

    [Fact]
    public void A_text_that_cannot_be_merged_throws_with_the_place() =>
        Assert.Contains("line 1, column 8", Assert.Throws<FormatException>(() => MergePatch.Apply("{}"u8, "{\"a\":1,\"a\":2}"u8)).Message, StringComparison.Ordinal);

    [Fact]
    public void An_overlay_changes_only_what_it_names()
    {
        ConfigVerdict verdict = Verdicts.Merged("""{"window":{"stride":32,"ringCapacity":64},"drift":{"delta":1}}""", """{"window":{"stride":16}}""");

        Assert.Equal((16, 64, 1.0), (verdict.Config!.Window.Stride, verdict.Config.Window.RingCapacity, verdict.Config.Drift.Delta));
        Assert.Equal("desired over device.json", verdict.Source);
    }

    [Fact]
    public void Null_goes_back_to_the_default_for_a_key_and_for_a_section()
    {
        ConfigVerdict verdict = Verdicts.Merged("""{"window":{"stride":32,"ringCapacity":64},"drift":{"delta":1}}""", """{"window":{"stride":null},"drift":null}""");

        Assert.Equal((64, 64, 0.05), (verdict.Config!.Window.Stride, verdict.Config.Window.RingCapacity, verdict.Config.Drift.Delta));
    }

    [Fact]
    public void A_list_is_replaced_as_a_whole() =>
        Assert.Equal(["cpu"], Verdicts.Merged("""{"inference":{"providers":["cuda","cpu"]}}""", """{"inference":{"providers":["cpu"]}}""").Config!.Inference.Providers);

    [Fact]
    public void What_is_refused_is_the_merged_document_and_its_places_have_no_line()
    {
        ConfigVerdict verdict = Verdicts.Merged("""{"window":{"stride":100}}""", """{"window":{"length":64}}""");

        Assert.Equal("desired over device.json is refused for 1 reason:\n- window.stride is 100 but must be at most window.length, which is 64, so that no sample falls between two windows; lower window.stride or raise window.length.", verdict.ToString());
    }

    [Theory]
    [InlineData("{}", "{\"window\":{\n\"stride\":1,\n\"stride\":2}}",
        "window.stride is given again in desired but must be given once (first on line 2); delete one of the two.")]
    [InlineData("{}", """{"windw":null}""",
        "windw is an unknown key but must be one of the keys of the document: device, sensor, window, labels, replay, training, promotion, drift, inference, readOut, telemetry, updates, metrics, sparkplug, homeAssistant; rename it to window or delete it.")]
    [InlineData("{}", """{"window":{"strid":null}}""",
        "window.strid is an unknown key but must be one of the keys of window: length, stride, ringCapacity; rename it to stride or delete it.")]
    [InlineData("{}", """{"window":{"strid":1}}""",
        "window.strid is an unknown key but must be one of the keys of window: length, stride, ringCapacity; rename it to stride or delete it.")]
    [InlineData("{}", """[]""",
        "the document is an empty list but must be an object with sections such as device, sensor and window; write {} for all defaults.")]
    public void A_broken_text_is_named(string basis, string overlay, string sentence) => Assert.Equal(sentence, Verdicts.OnlyProblem(Verdicts.Merged(basis, overlay)));

    [Theory]
    [InlineData("{}", "{\n  nonsense", "in desired (line 2, column 3)")]
    [InlineData("{,}", "{}", "in device.json (line 1, column 2)")]
    public void A_text_that_is_not_JSON_is_named_with_the_place_in_it(string basis, string overlay, string place) =>
        Assert.Contains(place, Verdicts.OnlyProblem(Verdicts.Merged(basis, overlay)), StringComparison.Ordinal);

    [Fact]
    public void An_overlay_can_remove_a_key_that_the_device_no_longer_knows() => Assert.True(Verdicts.Merged("""{"window":{"hop":64}}""", """{"window":{"hop":null}}""").IsValid);
}
