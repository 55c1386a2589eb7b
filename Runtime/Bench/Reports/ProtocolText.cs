using Edge.Trainer.Bench;

namespace Edge.Runtime.Bench.Reports;

/// <summary>What a reader must know of a protocol, and where it leaves the published one.</summary>
public static class ProtocolText
{
    /// <summary>What is done, one sentence.</summary>
    public static string Of(Protocol protocol) => protocol switch
    {
        Protocol.Tscil => "class-incremental, two classes per step in an order that the seed gives, several passes over each step in one training round, one head for all classes, no method is told which step it is or what comes; the buffer is a quota of each class (after Qiao et al. 2024, TSCIL)",
        Protocol.Online => "one pass over the stream in the order of arrival, task-free, the classes of neighbouring steps mixed at blurred boundaries; 16 new windows per step unless the method says otherwise, rounds of 256, which do not end where a step does: a step is judged at the end of the round that its last window falls into; the buffer is one class-balanced reservoir",
        Protocol.Domain => "the same classes from one domain after the other; recorded domains where the data set has them, else faults of the sensor; a domain is one training round, the buffer one class-balanced reservoir",
        Protocol.FewShot => "a class that was never seen is told by a few labelled windows, without any training, after one round over all other classes; the mean of five draws",
        _ => throw new ArgumentOutOfRangeException(nameof(protocol), protocol, "a protocol without a description"),
    };

    /// <summary>Where it differs from the published protocol, one sentence.</summary>
    public static string Deviations(BenchPlan plan)
    {
        string stop = $"a fixed number of epochs ({plan.Epochs}) for all methods and no early stopping (TSCIL: up to 100 epochs, stopped on the validation loss, which says nothing of a contrastive objective)";
        const string Everything = "all of the training split is learnt from, but for what a method holds out as anchors, which take a sixth of its buffer (TSCIL: a part is for validation)";
        string tuning = "the same settings for every seed; what was chosen was chosen with --validation, some of it again after test figures had been seen (TSCIL: tuned per run on test splits of validation tasks)";
        return plan.Protocol switch
        {
            Protocol.Tscil => $"{stop}; {Everything}; {tuning}",
            Protocol.Online => $"no published protocol is followed; {tuning}",
            _ => $"no published protocol is followed; a fixed number of epochs ({plan.Epochs}), no early stopping; the same settings for every seed; what was chosen was chosen with --validation, some of it again after test figures had been seen",
        };
    }
}
