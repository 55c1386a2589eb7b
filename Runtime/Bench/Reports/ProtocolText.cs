using Edge.Trainer.Bench;

namespace Edge.Runtime.Bench.Reports;

/// <summary>What a reader must know of a protocol, and where it leaves the published one.</summary>
public static class ProtocolText
{
    /// <summary>What is done, one sentence.</summary>
    public static string Of(Protocol protocol) => protocol switch
    {
        Protocol.Tscil => "class-incremental, two classes per step in an order that the seed gives, several passes over each step, one head for all classes, no method is told where a step begins (after Qiao et al. 2024, TSCIL)",
        Protocol.Online => "one pass over the stream, task-free, the classes of neighbouring steps mixed at blurred boundaries",
        Protocol.Domain => "the same classes from one domain after the other; recorded domains where the data set has them, else faults of the sensor",
        Protocol.FewShot => "a class that was never seen is told by a few labelled windows, without any training",
        _ => throw new ArgumentOutOfRangeException(nameof(protocol), protocol, "a protocol without a description"),
    };

    /// <summary>Where it differs from the published protocol, one sentence.</summary>
    public static string Deviations(BenchPlan plan)
    {
        string stop = $"a fixed number of epochs ({plan.Epochs}) for all methods and no early stopping (TSCIL: up to 100 epochs, stopped on the validation loss, which says nothing of a contrastive objective)";
        string tuning = "the same settings for every seed, none chosen on a test split (TSCIL: tuned per run on test splits of validation tasks)";
        return plan.Protocol switch
        {
            Protocol.Tscil => $"{stop}; {tuning}",
            Protocol.Online => $"no published protocol is followed; {tuning}",
            _ => $"no published protocol is followed; a fixed number of epochs ({plan.Epochs}), no early stopping; the same settings for every seed, none chosen on a test split",
        };
    }
}
