using Edge.Telemetry.Messages;

namespace Edge.Runtime.Inference;

/// <summary>The likeliest classes of a window, the best first; a name is null where there are fewer classes with a prototype. Of one snapshot's class names, so that none is allocated for a window.</summary>
/// <param name="First">The likeliest class.</param>
/// <param name="FirstProbability">Its probability, 0 to 1.</param>
/// <param name="Second">The next.</param>
/// <param name="SecondProbability">Likewise.</param>
/// <param name="Third">The one after it.</param>
/// <param name="ThirdProbability">Likewise.</param>
public readonly record struct Contenders(string? First, float FirstProbability, string? Second, float SecondProbability, string? Third, float ThirdProbability)
{
    /// <summary>Probability of the likeliest class less that of the next; 0 where no class is known.</summary>
    public float Margin => FirstProbability - SecondProbability;

    /// <summary>The first three of a row of probabilities.</summary>
    /// <param name="classes">Names in the order of the row.</param>
    /// <param name="probability">[classes] softmax. A class of probability 0 is no contender: it may have no prototype.</param>
    public static Contenders Of(IReadOnlyList<string> classes, ReadOnlySpan<float> probability)
    {
        int first = -1, second = -1, third = -1;
        for (int c = 0; c < probability.Length; c++)
        {
            if (!(probability[c] > 0)) continue;
            if (first < 0 || probability[c] > probability[first]) (first, second, third) = (c, first, second);
            else if (second < 0 || probability[c] > probability[second]) (second, third) = (c, second);
            else if (third < 0 || probability[c] > probability[third]) third = c;
        }

        return new Contenders(
            first < 0 ? null : classes[first], first < 0 ? 0 : probability[first], second < 0 ? null : classes[second], second < 0 ? 0 : probability[second], third < 0 ? null : classes[third], third < 0 ? 0 : probability[third]);
    }

    /// <summary>Those that are there, for a message.</summary>
    public IReadOnlyList<ClassCandidate> List() =>
    [
        .. First is null ? [] : new[] { new ClassCandidate(First, FirstProbability) },
        .. Second is null ? [] : new[] { new ClassCandidate(Second, SecondProbability) },
        .. Third is null ? [] : new[] { new ClassCandidate(Third, ThirdProbability) },
    ];
}
