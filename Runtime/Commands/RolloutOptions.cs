using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace Edge.Runtime.Commands;

/// <summary>What <c>edge config push</c> is told about a rollout.</summary>
internal sealed class RolloutOptions
{
    private readonly Option<double?> share = new("--rollout") { Description = "For that share of the devices first, percent." };
    private readonly Option<string?> stages = new("--stages") { Description = "Shares to go through with --watch, percent, growing, with commas between: 10,50,100." };

    internal RolloutOptions()
    {
        share.Validators.Add(CommandNumber.Within(share, 0, 100, "percent"));
        MaxFailed.Validators.Add(CommandNumber.Within(MaxFailed, 0, 100, "percent"));
        StageSeconds.Validators.Add(CommandNumber.Within(StageSeconds, 1, 4_000_000, "seconds"));
        stages.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && Parse(token.Value) is null) result.AddError($"--stages {token.Value}: expected percentages from 0 to 100, each larger than the one before, with commas between, such as 10,50,100.");
        });
    }

    internal Option<long> Seed { get; } = new("--seed") { Description = "With --rollout: which devices come first; keep it while the share grows.", DefaultValueFactory = _ => 0 };

    internal Option<string> Groups { get; } = new("--groups") { Description = "With --rollout: for devices that are in any of these of device.groups, with commas between; without it as the document's target says.", DefaultValueFactory = _ => "" };

    internal Option<string?> Key { get; } = new("--key") { Description = "With --rollout: private key (NAME.key.pem) that signs the document for each share; without it the document is sent unsigned." };

    internal Option<double> MaxFailed { get; } = new("--max-failed-percent") { Description = "With --watch: the rollout is not widened any more once more than that share of the devices that it has reached went back or refused it.", DefaultValueFactory = _ => 10 };

    internal Option<double> StageSeconds { get; } = new("--stage-seconds") { Description = "With --watch: a device that is there and has not answered by then counts as failed. More than updates.trialSeconds and graceSeconds together.", DefaultValueFactory = _ => 300 };

    internal Option<bool> Resume { get; } = new("--resume") { Description = "Go on with a rollout that was paused, or stopped by itself." };

    /// <summary>Adds them to the command.</summary>
    internal void AddTo(Command command)
    {
        foreach (var option in new Option[] { share, stages, Seed, Groups, Key, MaxFailed, StageSeconds, Resume }) command.Add(option);
    }

    /// <summary>Whether it is a rollout.</summary>
    internal bool IsMeant(CommandResult result) => result.GetResult(share) is not null || result.GetResult(stages) is not null; // Asked while the words are read: a value that is no number is told elsewhere.

    /// <summary>The shares, growing.</summary>
    internal IReadOnlyList<double> Stages(ParseResult parsed)
    {
        double first = parsed.GetValue(share) ?? 0;
        IReadOnlyList<double> all = parsed.GetValue(stages) is { } text ? Parse(text)! : [];
        return parsed.GetValue(share) is null ? all : [first, .. all.Where(stage => stage > first)];
    }

    private static double[]? Parse(string text)
    {
        var stages = new List<double>();
        foreach (string word in text.Split(',', StringSplitOptions.TrimEntries))
        {
            if (!double.TryParse(word, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double stage) || stage is not (>= 0 and <= 100) || (stages.Count > 0 && stage <= stages[^1])) return null;
            stages.Add(stage);
        }

        return [.. stages];
    }
}
