namespace Edge.Trainer.Tests.Onnx;

/// <summary>Tests that seed torch's generator or count its tensors: both are of the process, so nothing else runs beside them.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class TorchGeneratorCollection
{
    public const string Name = "torch's generator";
}
