using Edge.Config;
using Edge.Runtime.Inference;
using Edge.Runtime.Stages;
using Edge.Storage;

namespace Edge.Runtime.Learning;

/// <summary>The read-out that a candidate would run with: its branches from the replay buffer in its own embedding, and the blend that the anchors choose for it.</summary>
/// <param name="Bank">Prototypes.</param>
/// <param name="Learned">Statistics of the embeddings.</param>
/// <param name="Frozen">Statistics of the frozen features of the buffer, where they are others than the running snapshot's; else null, and the running ones, which count everything ever labelled, go on.</param>
/// <param name="Blend">Which branches vote.</param>
/// <param name="Weights">All of it, as the candidate's graph takes it.</param>
public sealed record CandidateReadOut(PrototypeBank Bank, ClassStatistics Learned, ClassStatistics? Frozen, ReadOutBlend Blend, ReadOutWeights Weights)
{
    /// <summary>Puts it together.</summary>
    /// <param name="exam">A session of the candidate.</param>
    /// <param name="trainable">Everything that may be trained on, in the order of ids.</param>
    /// <param name="present">The read-out of the running snapshot.</param>
    /// <param name="config">The device's configuration.</param>
    /// <param name="anchors">The anchors in the candidate's eyes.</param>
    public static CandidateReadOut Of(Classifier exam, IReadOnlyList<Example> trainable, PublishedReadOut present, DeviceConfig config, EncodedWindows anchors)
    {
        string kind = exam.TakesVotes ? config.ReadOut.Kind : "prototypes";
        var classes = exam.Snapshot.Classes;
        bool goesOn = exam.FrozenBankId == present.FrozenBankId;
        var names = ClassNames.Of(config.Labels.Renamed);
        var windows = AnchorExam.Encode(exam, AnchorExam.Pairs(trainable), withFrozen: !goesOn);
        var bank = new PrototypeBank(exam.Snapshot.Id, exam.Snapshot.EmbeddingLength, names) { ThroughExampleId = trainable.Count > 0 ? trainable[^1].Id : 0 };
        for (int i = 0; i < windows.Classes.Count; i++) bank.Add(windows.Classes[i], windows.EmbeddingOf(i));
        var learned = new ClassStatistics(exam.Snapshot.Id, exam.Snapshot.EmbeddingLength);
        if (windows.Classes.Count > 0) learned.Add(windows.Classes, windows.Embeddings);

        var frozen = goesOn || exam.FrozenBankId is null ? null : new ClassStatistics(exam.FrozenBankId, exam.FrozenLength, names);
        if (frozen is not null)
        {
            AnchorExam.EncodeCopies(exam, windows, trainable, WindowCopies.For(config));
            windows.CountInto(frozen);
        }

        var ridge = goesOn ? present.Branches.Frozen : BranchReadOuts.Ridge(frozen, classes);
        var branches = new BranchReadOuts(
            classes,
            bank.ToMatrix(classes),
            BranchReadOuts.Ridge(learned, classes),
            ridge,
            goesOn ? present.Branches.Nearness : BranchReadOuts.NearnessOf(frozen, classes, ridge, windows.Frozen, windows.Classes),
            exam.FrozenLength);
        var before = present.Blend.IsAllowedBy(kind, exam.FrozenLength > 0) ? present.Blend : ReadOutBlend.Before(kind, exam.FrozenLength > 0);
        var blend = BlendChoice.Choose(branches, anchors, kind, config.Inference.Temperature, before);
        return new CandidateReadOut(bank, learned, frozen, blend, branches.Compose(blend));
    }
}
