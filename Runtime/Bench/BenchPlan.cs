using System.Globalization;
using System.Text.RegularExpressions;
using Edge.Trainer.Bench;

namespace Edge.Runtime.Bench;

/// <summary>A results table that is to be measured: data sets x methods x seeds under one protocol.</summary>
public sealed partial record BenchPlan
{
    /// <summary>Data sets, as <c>--data</c> names them.</summary>
    public required IReadOnlyList<string> Data { get; init; }

    /// <summary>The stream.</summary>
    public required Protocol Protocol { get; init; }

    /// <summary>Methods in the order of the rows, each with its settings.</summary>
    public required IReadOnlyList<string> Methods { get; init; }

    /// <summary>Seeds.</summary>
    public required IReadOnlyList<int> Seeds { get; init; }

    /// <summary>Passes over each step of the stream.</summary>
    public required int Epochs { get; init; }

    /// <summary>Share of the training windows that may be remembered, 0 to 1.</summary>
    public required double BufferShare { get; init; }

    /// <summary>What a method may build on.</summary>
    public required Track Track { get; init; }

    /// <summary>Judged on a held-out part of the training split; the test split is not read.</summary>
    public bool Validation { get; init; }

    /// <summary>All cells, in the order in which they are run: the first seed of every method before the second of any, so that a table cut short compares like with like.</summary>
    public IEnumerable<CellSpec> Cells() =>
        from data in Data from seed in Seeds from method in Methods select Cell(data, method, seed);

    /// <summary>One cell.</summary>
    public CellSpec Cell(string data, string method, int seed) => new()
    {
        Data = data,
        Protocol = Protocol,
        Method = method,
        Seed = seed,
        Epochs = Epochs,
        BufferShare = BufferShare,
        Track = Track,
        Validation = Validation,
    };

    /// <summary>The command that measures this table, with every option that a figure depends on; where the results go and how many workers there are is not among them.</summary>
    public string Command => string.Join(
        ' ',
        new[]
        {
            "edge", "bench", "--data", string.Join(',', Data), "--protocol", BenchNames.Of(Protocol), "--methods", string.Join(',', Methods), "--seeds", SeedList.Text(Seeds),
            "--epochs", Epochs.ToString(CultureInfo.InvariantCulture), "--buffer", BufferShare.ToString(CultureInfo.InvariantCulture), "--track", BenchNames.Of(Track),
        }.Concat(Validation ? ["--validation"] : []).Select(Quoted));

    /// <summary>A folder name that tells what is in it.</summary>
    public string Name => Plain(string.Join('+', Data.Select(d => Path.TrimEndingDirectorySeparator(d).Split('/')[^1]))) + "-" + BenchNames.Of(Protocol)
        + (Track == Track.SameBackbone ? "-same-backbone" : "") + (Validation ? "-validation" : "");

    /// <summary>Text as part of a file name, at most 60 characters.</summary>
    public static string Plain(string text)
    {
        string plain = Unsafe().Replace(text, "_");
        return plain.Length <= 60 ? plain : plain[..60];
    }

    private static string Quoted(string word) => NeedsQuotes().IsMatch(word) ? $"'{word.Replace("'", @"'\''", StringComparison.Ordinal)}'" : word;

    [GeneratedRegex("[^A-Za-z0-9.+=_-]+")]
    private static partial Regex Unsafe();

    [GeneratedRegex("[^A-Za-z0-9._/:=,+-]")]
    private static partial Regex NeedsQuotes();
}
