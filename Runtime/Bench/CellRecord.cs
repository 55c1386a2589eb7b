using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Edge.Trainer.Bench;

namespace Edge.Runtime.Bench;

/// <summary>What is kept of one cell on disk: what it measured, or why it could not.</summary>
public sealed record CellRecord
{
    /// <summary><see cref="BenchVersion.Current"/> of the program that ran it.</summary>
    public int BenchVersion { get; init; } = Bench.BenchVersion.Current;

    /// <summary>What was run.</summary>
    public required CellSpec Spec { get; init; }

    /// <summary>What it measured; null when it failed.</summary>
    public CellResult? Result { get; init; }

    /// <summary>Why it failed; null when it did not.</summary>
    public string? Failure { get; init; }

    /// <summary>When it ended.</summary>
    public required DateTimeOffset EndedAt { get; init; }

    /// <summary>Wall time of the child process, seconds.</summary>
    public required double WallSeconds { get; init; }

    /// <summary>What it was run on.</summary>
    public required Machine Machine { get; init; }

    /// <summary>How records, specs and results are written: camelCase, enums by name, unknown keys refused.</summary>
    public static JsonSerializerOptions Json { get; } = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, // Files for people too; none is ever put into a web page.
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };
}
