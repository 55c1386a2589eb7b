using System.ComponentModel.DataAnnotations;

namespace Edge.Config;

/// <summary>When and how the backbone is fine-tuned.</summary>
public sealed record TrainingSection
{
    /// <summary>Whether the backbone is fine-tuned on the device.</summary>
    /// <value>Default true. False: no round is ever started; prototypes still follow labels.</value>
    [Change(ConfigChange.Live)]
    public bool Enabled { get; init; } = true;

    /// <summary>The training method.</summary>
    /// <value>How the backbone is trained; what answers is <c>readOut</c>'s. <c>edge</c> (default): supervised contrastive + masked cross-entropy + relation distillation over new windows and the replay buffer. <c>supconReplay</c>:
    /// trains the same (the benchmark's row of that name has no frozen branch). <c>scr</c>, <c>co2l</c>, <c>pcr</c>: other contrastive methods with replay. <c>er</c>, <c>erAce</c>, <c>derpp</c>: cross-entropy with replay.
    /// <c>ewc</c>, <c>lwf</c>, <c>naive</c>: without replay, for comparison: they forget. <c>frozenRidge</c>: the backbone stays as it is, and no round is started.</value>
    [AllowedValues("edge", "supconReplay", "scr", "co2l", "pcr", "er", "erAce", "derpp", "ewc", "lwf", "naive", "frozenRidge")]
    [Change(ConfigChange.Live)]
    public string Method { get; init; } = "edge";

    /// <summary>The network that is fine-tuned.</summary>
    /// <value><c>auto</c> (default): <c>cnn</c>, or <c>mlp</c> for windows under 16 samples. <c>cnn</c>: four blocks of convolutions (TSCIL). <c>resnet</c>: residual convolutions, five times dearer to run.
    /// <c>transformer</c>: a small one over patches of time. <c>mlp</c>: two hidden layers on the raw values. After a change the running snapshot goes on, and the next round begins from new weights with everything
    /// that the replay buffer holds; the gate decides as always.</value>
    [AllowedValues("auto", "cnn", "resnet", "transformer", "mlp")]
    [Change(ConfigChange.Live)]
    public string Backbone { get; init; } = "auto";

    /// <summary>Newly labelled windows that make a round due.</summary>
    /// <value>Default 256; a quarter of it while the device is untrained, and after a drift alarm. Smaller: fresher snapshots, more work in total.</value>
    [Range(2, 100_000)]
    [Change(ConfigChange.Live)]
    public int RoundExamples { get; init; } = 256;

    /// <summary>Passes over the new windows in one round.</summary>
    /// <value>Default 3: on held-out training subjects of UCI HAR 2, 3 and 5 lie within noise, and 3 costs 40 % less than 5. More: a longer round that leans towards the newest windows.</value>
    [Range(1, 1000)]
    [Change(ConfigChange.Live)]
    public int Epochs { get; init; } = 3;

    /// <summary>New windows per step.</summary>
    /// <value>Default 32. Larger: fewer, steadier steps and more memory.</value>
    [Range(2, 4096)]
    [Change(ConfigChange.Live)]
    public int BatchSize { get; init; } = 32;

    /// <summary>Replayed windows per step. Contrastive learning needs many: below 64 accuracy falls apart (SCR).</summary>
    /// <value>Default 64. 0: no replay, and the past is forgotten. <c>er</c>, <c>erAce</c>, <c>derpp</c> and <c>pcr</c> take 32 at most.</value>
    [Range(0, 4096)]
    [Change(ConfigChange.Live)]
    public int ReplayBatchSize { get; init; } = 64;

    /// <summary>Adam's step size.</summary>
    /// <value>Default 0.001. Above 0.01 training explodes; below 0.0001 a round learns nothing.</value>
    [Range(1e-6, 1.0)]
    [Change(ConfigChange.Live)]
    public double LearningRate { get; init; } = 1e-3;

    /// <summary>Temperature of the supervised contrastive loss of <c>edge</c>, <c>supconReplay</c> and <c>scr</c>.</summary>
    /// <value>Default 0.1. Near 0.01 only the hardest pairs count and noise dominates; above 1 classes are hardly pulled apart.</value>
    [Range(0.01, 10)]
    [Change(ConfigChange.Live)]
    public double Temperature { get; init; } = 0.1;

    /// <summary>Weight of the supervised contrastive term of <c>edge</c> and <c>supconReplay</c>.</summary>
    /// <value>Default 1. 0: none, cross-entropy and distillation alone, to see what it is worth; far above 1 the other terms no longer matter. Not 0 together with crossEntropyWeight: nothing would be learnt from labels.</value>
    [Range(0, 100)]
    [Change(ConfigChange.Live)]
    public double ContrastWeight { get; init; } = 1;

    /// <summary>Weight of the masked cross-entropy term of <c>edge</c> and <c>supconReplay</c>.</summary>
    /// <value>Default 1. 0: pure contrastive; far above 1 the contrastive term no longer matters.</value>
    [Range(0, 100)]
    [Change(ConfigChange.Live)]
    public double CrossEntropyWeight { get; init; } = 1;

    /// <summary>Weight of the distillation of instance relations from the running snapshot in <c>edge</c> and <c>supconReplay</c>.</summary>
    /// <value>Default 1. 0: none, and the representation drifts; above 5 the backbone hardly moves.</value>
    [Range(0, 100)]
    [Change(ConfigChange.Live)]
    public double DistillationWeight { get; init; } = 1;

    /// <summary>Seed of the first backbone and, with the round's number, of every round.</summary>
    /// <value>Default 1. Any other is as good; one seed makes a round repeatable.</value>
    [Range(0, int.MaxValue)]
    [Change(ConfigChange.Live)]
    public int Seed { get; init; } = 1;

    /// <summary>Threads of the training child.</summary>
    /// <value>Default 0: one per core; the child runs at the lowest priority, so inference goes first.</value>
    [Range(0, 256)]
    [Change(ConfigChange.Live)]
    public int ThreadCount { get; init; }

    /// <summary>Where the round is computed.</summary>
    /// <value><c>auto</c> (default): a CUDA device where there is one, else the CPU. <c>cpu</c>: repeatable to the last bit. <c>cuda</c>: where there is none, every round fails and says so.</value>
    [AllowedValues("auto", "cpu", "cuda")]
    [Change(ConfigChange.Live)]
    public string Device { get; init; } = "auto";

    /// <summary>Numbers that the backbone computes with; weights, losses and optimiser stay float32.</summary>
    /// <value><c>auto</c> (default): <c>bfloat16</c> on CUDA, <c>float32</c> on the CPU. <c>float32</c>: the reference. <c>bfloat16</c>: half the activations, 8 bits of mantissa; slow on a CPU
    /// without instructions for it.</value>
    [AllowedValues("auto", "float32", "bfloat16")]
    [Change(ConfigChange.Live)]
    public string Precision { get; init; } = "auto";

    /// <summary>Rows that go through the backbone at a time; the loss is over the whole batch all the same.</summary>
    /// <value>Default 0: the whole batch, or what memoryBudgetMiB has room for by an estimate. Smaller: less memory, and up to a third more work, since every row is computed twice.</value>
    [Range(0, 65_536)]
    [Change(ConfigChange.Live)]
    public int MicroBatchSize { get; init; }

    /// <summary>Passes without a gain on the anchor set after which the round ends; the weights of the best pass are kept, the later one of equals.</summary>
    /// <value>Default 2. 0: the anchor set is not looked at before the gate. With fewer than two anchors per class, and in a round of one pass, it is not looked at either.</value>
    [Range(0, 1000)]
    [Change(ConfigChange.Live)]
    public int PatienceEpochs { get; init; } = 2;

    /// <summary>How often a running round writes down where it is, seconds; when its child dies the next attempt goes on from there.</summary>
    /// <value>Default 5. 0: never, the next attempt starts over. Each time some 8 MB are written; larger: less wear of a flash medium, more work lost.</value>
    [Range(0, 86_400)]
    [Change(ConfigChange.Live)]
    public int CheckpointSeconds { get; init; } = 5;

    /// <summary>A round that takes longer is ended and counts as failed, seconds; from nine tenths of it on, training stops and what has been learnt is the candidate.</summary>
    /// <value>Default 600. Should leave room for a whole round on the slowest device of the fleet: each attempt has as much.</value>
    [Range(5, 86_400)]
    [Change(ConfigChange.Live)]
    public int TimeBudgetSeconds { get; init; } = 600;

    /// <summary>A child whose resident memory grows beyond this is ended, MiB. Batches that would not fit are computed in parts, see microBatchSize.</summary>
    /// <value>Default 1500. The child takes some 340 MiB before its batches, a default round of 9 x 128 windows 430. When a child outgrows it all the same, the next attempt takes half as many rows at a time. Too small: every round is ended and nothing is learnt; larger than what the device can spare: the system may end the service
    /// instead.</value>
    [Range(400, 1_000_000)]
    [Change(ConfigChange.Live)]
    public int MemoryBudgetMiB { get; init; } = 1500;

    /// <summary>How often a round is tried when its child dies.</summary>
    /// <value>Default 3. 1: a killed round is not tried again.</value>
    [Range(1, 100)]
    [Change(ConfigChange.Live)]
    public int MaxAttempts { get; init; } = 3;

    /// <summary>Round folders kept for a post-mortem.</summary>
    /// <value>Default 3. 0: none. Each takes the size of its drawn samples, a few MB.</value>
    [Range(0, 1000)]
    [Change(ConfigChange.Pipeline)]
    public int KeepRounds { get; init; } = 3;

    /// <summary>Most disk that they may take together, MiB.</summary>
    /// <value>Default 256. The newest stays whatever it takes, unless keepRounds is 0.</value>
    [Range(1, 1_000_000)]
    [Change(ConfigChange.Pipeline)]
    public int KeepRoundsMiB { get; init; } = 256;

    /// <summary>What the views of a window may differ by that the method contrasts.</summary>
    public AugmentationSection Augmentation { get; init; } = new();

    /// <summary>Constants of the losses of single methods.</summary>
    public MethodConstantsSection Constants { get; init; } = new();
}
