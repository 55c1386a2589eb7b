using static TorchSharp.torch;

namespace Edge.Trainer.Tests.Backbones;

/// <summary>Ridge on standardised features in float64, the read-out that a frozen bank is judged by: moments from the training rows, one-hot targets, centred.</summary>
internal static class FrozenRidge
{
    /// <summary>Percent of the test rows whose class is found.</summary>
    public static double Accuracy(Tensor trainFeatures, int[] trainClasses, Tensor testFeatures, int[] testClasses, double lambda)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var train = trainFeatures.to(ScalarType.Float64);
        var mean = train.mean([0], keepdim: true);
        var deviation = train.std(0, unbiased: false, keepdim: true) + 1e-9;
        var rows = (train - mean) / deviation;
        var targets = nn.functional.one_hot(tensor(trainClasses).to(ScalarType.Int64), trainClasses.Max() + 1).to(ScalarType.Float64);
        var priors = targets.mean([0], keepdim: true);
        var gram = rows.t().matmul(rows) + lambda * eye(rows.shape[1], dtype: ScalarType.Float64);
        var weights = linalg.solve(gram, rows.t().matmul(targets - priors));
        var scores = ((testFeatures.to(ScalarType.Float64) - mean) / deviation).matmul(weights) + priors;
        var hits = scores.argmax(1).eq(tensor(testClasses).to(ScalarType.Int64)).to(ScalarType.Float64);
        return 100 * hits.mean().item<double>();
    }
}
