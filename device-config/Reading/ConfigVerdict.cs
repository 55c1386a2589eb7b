using System.Text;

namespace Edge.Config;

/// <summary>What reading a configuration came to: the configuration, or all the reasons why there is none.</summary>
public sealed class ConfigVerdict
{
    private ConfigVerdict(string source, DeviceConfig? config, IReadOnlyList<ConfigProblem> problems, int omittedProblemCount)
    {
        Source = source;
        Config = config;
        Problems = [.. problems.OrderBy(p => p.Line ?? int.MaxValue).ThenBy(p => p.Column)];
        OmittedProblemCount = omittedProblemCount;
        CanonicalUtf8 = config is null ? [] : CanonicalConfig.Write(config);
        Hash = config is null ? "" : CanonicalConfig.Hash(CanonicalUtf8);
    }

    /// <summary>What was read: a path, or a name that the caller gave.</summary>
    public string Source { get; }

    /// <summary>The effective configuration, defaults filled in; null when there is a problem.</summary>
    public DeviceConfig? Config { get; }

    /// <summary>Every reason for refusal in the order of the document; those without a place follow. At most <see cref="MaxProblemCount"/>.</summary>
    public IReadOnlyList<ConfigProblem> Problems { get; }

    /// <summary>Problems beyond the first <see cref="MaxProblemCount"/>, counted and not listed.</summary>
    public int OmittedProblemCount { get; }

    /// <summary>The effective configuration as <see cref="CanonicalConfig.Write"/> writes it; empty when there is a problem.</summary>
    public byte[] CanonicalUtf8 { get; }

    /// <summary>
    /// SHA-256 of <see cref="CanonicalUtf8"/>, 64 lower-case hexadecimal digits; empty when there is a problem. Two documents with one effect have one hash.
    /// </summary>
    public string Hash { get; }

    /// <summary>Whether the configuration may be used.</summary>
    public bool IsValid => Config is not null;

    /// <summary>Problems that a verdict lists; what a person reads before mending, and a bound on the memory that a hostile document takes.</summary>
    public const int MaxProblemCount = 100;

    /// <summary>One line for a valid configuration; for a refused one a heading and one line for each problem.</summary>
    public override string ToString()
    {
        if (IsValid)
        {
            return $"{ShownSource} is valid (sha256 {Hash}).";
        }

        int count = Problems.Count + OmittedProblemCount;
        var text = new StringBuilder($"{ShownSource} is refused for {count} {(count == 1 ? "reason" : "reasons")}:");
        foreach (ConfigProblem problem in Problems)
        {
            text.Append("\n- ").Append(problem);
        }

        if (OmittedProblemCount > 0)
        {
            text.Append($"\n- and {OmittedProblemCount} more, not listed.");
        }

        return text.ToString();
    }

    private string ShownSource => Source.Length == 0 || Source.Any(char.IsControl) ? JsonPart.Quote(Source) : Source;

    internal static ConfigVerdict Of(string source, DeviceConfig config, ConfigFindings findings) =>
        new(source, findings.Count == 0 ? config : null, findings.Problems, findings.OmittedCount);

    internal static ConfigVerdict Refused(string source, ConfigFindings findings) => new(source, null, findings.Problems, findings.OmittedCount);
}
