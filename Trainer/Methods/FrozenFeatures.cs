using Edge.Trainer.Backbones;
using static TorchSharp.torch;

namespace Edge.Trainer.Methods;

/// <summary>
/// No training at all, the method <c>frozenRidge</c>: windows are told apart by ridge over frozen random-convolution features, from the exact statistics of everything labelled. What every trained method
/// must beat. After Dempster et al. 2021 ("MiniRocket") and 2023 ("Hydra") for the features, and Zhuang et al. 2022 ("ACIL") for the head that equals joint training whatever the order of the windows.
/// </summary>
public sealed class FrozenFeatures : TrainingMethod
{
    /// <inheritdoc/>
    public override bool Trains => false;

    /// <inheritdoc/>
    public override bool Replays => false;

    /// <inheritdoc/>
    public override ReadOutKind ReadOut => ReadOutKind.FrozenRidge;

    /// <summary>There is none.</summary>
    /// <exception cref="InvalidOperationException">Always: a method that does not train is not asked for a loss.</exception>
    public override Tensor Loss(LearnerNet net, StepBatch batch, Tensor embeddings) => throw new InvalidOperationException("frozenRidge trains nothing; ask Trains first.");
}
