using System.Globalization;
using Edge.Config;
using Edge.Trainer.Bench;
using Edge.Trainer.Methods;

namespace Edge.Runtime.Bench;

/// <summary>A plan as the words of a command line.</summary>
/// <param name="Data">Data sets, separated by commas.</param>
/// <param name="Protocol">A protocol's name.</param>
/// <param name="Methods">See <see cref="MethodList"/>.</param>
/// <param name="Seeds">See <see cref="SeedList"/>.</param>
/// <param name="Epochs">A count; null: the protocol's usual one.</param>
/// <param name="Buffer">A share.</param>
/// <param name="Track">A track's name.</param>
/// <param name="Validation">Whether the test split stays unread.</param>
public sealed record BenchWords(string Data, string Protocol, string Methods, string Seeds, string? Epochs, string Buffer, string Track, bool Validation);

/// <summary>Reads a plan strictly and names everything that is wrong with it.</summary>
public static class BenchPlanReader
{
    /// <summary>Passes over each step where nothing else is said.</summary>
    public const int DefaultEpochs = 5;

    private const int MaxEpochs = 1000;

    /// <summary>Reads it.</summary>
    /// <param name="words">The words.</param>
    /// <param name="problems">Every reason for refusal, each with what to do.</param>
    /// <returns>The plan; null when there is a problem.</returns>
    public static BenchPlan? Read(BenchWords words, out IReadOnlyList<string> problems)
    {
        var found = new List<string>();
        string[] data = words.Data.Split(',', StringSplitOptions.TrimEntries);
        if (data.Any(d => d.Length == 0)) found.Add($"--data '{words.Data}': a name is empty. Write names or paths separated by single commas, for example uci-har,uea:BasicMotions.");
        Twice("--data", data, found);
        var protocol = BenchNames.FindProtocol(words.Protocol);
        if (protocol is null) found.Add($"--protocol '{words.Protocol}' is unknown. There are {string.Join(", ", BenchNames.Protocols)}.");
        var track = BenchNames.FindTrack(words.Track);
        if (track is null) found.Add($"--track '{words.Track}' is unknown. There are {string.Join(", ", BenchNames.Tracks)}.");
        var methods = MethodList.Split(words.Methods);
        found.AddRange(methods.SelectMany(MethodList.Problems));
        Twice("--methods", methods, found);
        var seeds = SeedList.Parse(words.Seeds);
        if (seeds is null) found.Add($"--seeds '{words.Seeds}': expected a count such as 5 (seeds 1 to 5), a range such as 1-5 or a list such as 3,7; at most {SeedList.MaxCount}, none twice.");
        int epochs = Epochs(words.Epochs, protocol, found);
        if (!double.TryParse(words.Buffer, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double buffer) || buffer is not (>= 0 and <= 1))
            found.Add($"--buffer '{words.Buffer}': expected a share of the training windows from 0 to 1, for example 0.05 for 5 %.");
        if (protocol is { } stream && track is { } allowed) found.AddRange(methods.Where(m => !MethodList.Problems(m).Any()).SelectMany(m => Impossible(m, stream, allowed)));
        problems = found;
        return found.Count > 0 ? null : new BenchPlan
        {
            Data = data,
            Protocol = protocol!.Value,
            Methods = methods,
            Seeds = seeds!,
            Epochs = epochs,
            BufferShare = buffer,
            Track = track!.Value,
            Validation = words.Validation,
        };
    }

    /// <summary>What is a method, a protocol and a track, each for itself, and cannot be run together.</summary>
    private static IEnumerable<string> Impossible(string text, Protocol protocol, Track track)
    {
        var defaults = new TrainingSection { Epochs = 1 };
        var plan = MethodSpec.Parse(text, defaults);
        using var method = MethodCatalogue.Create(plan);
        if (track == Track.SameBackbone && method.ReadOut == ReadOutKind.FrozenRidge)
            yield return $"--methods: '{text}' on --track {BenchNames.Of(track)}: it trains no backbone and reads out frozen features alone, which only --track {BenchNames.Of(Track.Open)} allows. Leave it out, or choose that track.";
        if (protocol == Protocol.Online && plan.Epochs != 1 && !method.SeesEverything)
            yield return $"--methods: '{text}': the online protocol sees every window once, epochs is {plan.Epochs}. Leave epochs out, or choose --protocol tscil.";
    }

    private static int Epochs(string? word, Protocol? protocol, List<string> found)
    {
        if (word is null) return protocol == Protocol.Online ? 1 : DefaultEpochs;
        if (!int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out int epochs) || epochs is < 1 or > MaxEpochs) found.Add($"--epochs '{word}': expected a count from 1 to {MaxEpochs}.");
        else if (protocol == Protocol.Online && epochs != 1) found.Add($"--epochs {epochs}: the online protocol sees every window once. Leave --epochs out, or choose --protocol tscil.");
        return epochs;
    }

    private static void Twice(string option, IEnumerable<string> names, List<string> found) =>
        found.AddRange(names.GroupBy(name => name, StringComparer.Ordinal).Where(group => group.Count() > 1).Select(group => $"{option}: '{group.Key}' is given twice. Leave one out."));
}
