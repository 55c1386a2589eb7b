using Edge.Runtime.Bench.Reports;

namespace Edge.Runtime.Tests.Bench;

public sealed class MarkedTextTests
{
    private const string Document = "# Title\n\n<!-- bench:a -->\nold\n<!-- /bench -->\nbetween\n<!-- bench:b -->\n<!-- /bench -->\nend";

    [Fact]
    public void Only_the_named_place_is_filled()
    {
        string filled = MarkedText.Fill(Document, "a", "\nnew\n\n");
        Assert.Equal("# Title\n\n<!-- bench:a -->\nnew\n<!-- /bench -->\nbetween\n<!-- bench:b -->\n<!-- /bench -->\nend", filled);
        Assert.Equal(filled, MarkedText.Fill(filled, "a", "new"));
        Assert.Contains("<!-- bench:b -->\nnew\n<!-- /bench -->\nend", MarkedText.Fill(Document, "b", "new"));
    }

    [Theory]
    [InlineData(Document, "c", "there is no line '<!-- bench:c -->', only those of a, b. Write it where the results belong")]
    [InlineData("nothing", "a", "there is no line '<!-- bench:a -->'. Write it where the results belong, and '<!-- /bench -->' below it.")]
    [InlineData("<!-- bench:a -->\n", "a", "'<!-- bench:a -->' has no end")]
    [InlineData("<!-- bench:a -->\n<!-- bench:b -->\n<!-- /bench -->", "a", "'<!-- bench:a -->' has no end")]
    [InlineData("<!-- bench:a -->\n<!-- /bench --><!-- bench:a -->\n<!-- /bench -->", "a", "stands there twice")]
    public void A_document_without_a_clear_place_is_refused(string document, string name, string reason) =>
        Assert.Contains(reason, Assert.Throws<InvalidDataException>(() => MarkedText.Fill(document, name, "new")).Message);
}
