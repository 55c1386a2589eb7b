using System.ComponentModel.DataAnnotations;

namespace Edge.Config;

/// <summary>
/// Constants of the losses of single training methods. The defaults are those of the papers unless said; none was tuned on a test split. A key is named by the method or the term that alone reads it. In a method's text of the
/// benchmark: <c>ewc:constants.ewcStrength=10</c>.
/// </summary>
public sealed record MethodConstantsSection
{
    /// <summary>Temperature of the relations as the training net sees them, in the distillation of <c>edge</c>, <c>supconReplay</c> and <c>co2l</c>.</summary>
    /// <value>Default 0.2 (Cha et al. 2021, section 4.2). Near 0.01 only the nearest neighbour counts; above 1 all relations look alike and nothing is held.</value>
    [Range(0.01, 10)]
    [Change(ConfigChange.Live)]
    public double IrdTemperature { get; init; } = 0.2;

    /// <summary>Temperature of the relations as the running snapshot saw them, in the distillation of <c>edge</c> and <c>supconReplay</c>.</summary>
    /// <value>Default 0.05; the paper's 0.01 leaves a gradient from the nearest neighbour alone. Should be below <c>irdTemperature</c>: larger asks for relations that are less clear than they are.</value>
    [Range(0.01, 10)]
    [Change(ConfigChange.Live)]
    public double IrdParentTemperature { get; init; } = 0.05;

    /// <summary>Temperature of the contrastive loss of <c>co2l</c>.</summary>
    /// <value>Default 0.5 (Cha et al. 2021). As <c>training.temperature</c>.</value>
    [Range(0.01, 10)]
    [Change(ConfigChange.Live)]
    public double Co2lTemperature { get; init; } = 0.5;

    /// <summary>Temperature of the relations as the running snapshot saw them, in <c>co2l</c>.</summary>
    /// <value>Default 0.01 (Cha et al. 2021). As <c>irdParentTemperature</c>.</value>
    [Range(0.01, 10)]
    [Change(ConfigChange.Live)]
    public double Co2lParentTemperature { get; init; } = 0.01;

    /// <summary>Weight of the distillation of <c>co2l</c>.</summary>
    /// <value>Default 1 (Cha et al. 2021). 0: none; above 5 the backbone hardly moves.</value>
    [Range(0, 100)]
    [Change(ConfigChange.Live)]
    public double Co2lDistillationWeight { get; init; } = 1;

    /// <summary>alpha of <c>derpp</c>: weight of the squared distance to the remembered logits.</summary>
    /// <value>Default 0.3 (Buzzega et al. 2020, as in the authors' code). 0: experience replay with a weight; above 1 stale logits outweigh the labels.</value>
    [Range(0, 100)]
    [Change(ConfigChange.Live)]
    public double DerLogitWeight { get; init; } = 0.3;

    /// <summary>beta of <c>derpp</c>: weight of the cross-entropy of replayed windows.</summary>
    /// <value>Default 0.5 (Buzzega et al. 2020, as in the authors' code). 0: DER, without labels of the past.</value>
    [Range(0, 100)]
    [Change(ConfigChange.Live)]
    public double DerLabelWeight { get; init; } = 0.5;

    /// <summary>lambda of <c>ewc</c>: stiffness of the springs, over a Fisher information whose mean is 1.</summary>
    /// <value>Default 1, not tuned: 372,000 weights that all moved by 0.003 cost 1.7 nats. 0: no springs; too large: nothing new is learnt.</value>
    [Range(0, 1_000_000)]
    [Change(ConfigChange.Live)]
    public double EwcStrength { get; init; } = 1;

    /// <summary>gamma of <c>ewc</c>: what a round leaves of the Fisher information before it, a share.</summary>
    /// <value>Default 0.95 (Schwarz et al. 2018). 0: only the last round is held; 1: all rounds for ever.</value>
    [Range(0, 1)]
    [Change(ConfigChange.Live)]
    public double EwcDecay { get; init; } = 0.95;

    /// <summary>Weight of the distillation of <c>lwf</c>.</summary>
    /// <value>Default 1 (Li and Hoiem 2016). 0: none; far above 1 nothing new is learnt.</value>
    [Range(0, 100)]
    [Change(ConfigChange.Live)]
    public double LwfDistillationWeight { get; init; } = 1;

    /// <summary>Temperature of the scores in the distillation of <c>lwf</c>.</summary>
    /// <value>Default 2 (Li and Hoiem 2016). Larger: small scores count for more; near 0.1 only the first place is kept.</value>
    [Range(0.1, 100)]
    [Change(ConfigChange.Live)]
    public double LwfTemperature { get; init; } = 2;

    /// <summary>Temperature of the proxy contrast of <c>pcr</c>.</summary>
    /// <value>Default 0.09 (Lin et al. 2023). As <c>training.temperature</c>.</value>
    [Range(0.01, 10)]
    [Change(ConfigChange.Live)]
    public double PcrTemperature { get; init; } = 0.09;
}
