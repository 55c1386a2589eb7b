using System.Text.RegularExpressions;

namespace Edge.Runtime.Tests.Commands;

/// <summary>What the README says of the command line is what the program has.</summary>
public sealed partial class ReadmeTests
{
    private static readonly string s_readme = File.ReadAllText(Path.Combine(EdgeProgram.Repository, "README.md"));

    [Fact]
    public async Task Every_verb_of_the_program_is_in_the_readme_and_the_other_way_round()
    {
        string help = (await EdgeProgram.RunAsync(EdgeProgram.Repository, "--help")).Output;
        var offered = Verb().Matches(help[help.IndexOf("Commands:", StringComparison.Ordinal)..]).Select(match => match.Groups[1].Value).ToHashSet(StringComparer.Ordinal);
        var told = RowVerb().Matches(s_readme).Select(match => match.Groups[1].Value).ToHashSet(StringComparer.Ordinal);
        Assert.NotEmpty(offered);
        Assert.Equal(offered.Order(StringComparer.Ordinal), told.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Every_option_of_run_that_the_readme_names_exists()
    {
        string help = (await EdgeProgram.RunAsync(EdgeProgram.Repository, "run", "--help")).Output;
        string row = s_readme.Split('\n').Single(line => line.StartsWith("| `edge run`", StringComparison.Ordinal));
        var named = Option().Matches(row).Select(match => match.Value).ToList();
        Assert.NotEmpty(named);
        Assert.All(named, option => Assert.Contains(option, help, StringComparison.Ordinal));
    }

    [Fact]
    public void Every_file_that_the_readme_links_to_exists() =>
        Assert.All(Link().Matches(s_readme).Select(match => match.Groups[1].Value), path => Assert.True(File.Exists(Path.Combine(EdgeProgram.Repository, path)), path));

    [Theory]
    [InlineData("README.md", 2)]
    [InlineData("Trainer/RESULTS.md", 7)]
    public void Every_results_table_says_how_it_was_measured(string document, int least)
    {
        var blocks = Results().Matches(File.ReadAllText(Path.Combine(EdgeProgram.Repository, document)));
        Assert.True(blocks.Count >= least, $"{blocks.Count} tables in {document}");
        foreach (Match block in blocks)
        {
            string text = block.Groups[2].Value;
            foreach (string line in new[]
            {
                @"^- command: `edge bench --data \S+ --protocol \S+ --methods \S+ --seeds \S+ ", @"^- measured: \d{4}-\d\d-\d\d.* on .+ \(\d+ cores\), \.NET [\d.]+, TorchSharp [\d.]+, libtorch [\d.]+, edge [\d.]+",
                @"^- epochs \d+, \d+ seeds? \(",
            }) Assert.True(Regex.IsMatch(text, line, RegexOptions.Multiline), $"{document}, bench:{block.Groups[1].Value} has no line that matches {line}. Fill it with 'edge bench-report --parts table,run'.");
        }
    }

    [GeneratedRegex("<!-- bench:(\\S+) -->\n(.*?)<!-- /bench -->", RegexOptions.Singleline)]
    private static partial Regex Results();

    [GeneratedRegex(@"^  ([a-z]+) ", RegexOptions.Multiline)]
    private static partial Regex Verb();

    [GeneratedRegex(@"^\| `edge ([a-z]+)", RegexOptions.Multiline)]
    private static partial Regex RowVerb();

    [GeneratedRegex("--[a-z-]+")]
    private static partial Regex Option();

    [GeneratedRegex(@"\]\(([^)#:]+)\)")]
    private static partial Regex Link();
}
