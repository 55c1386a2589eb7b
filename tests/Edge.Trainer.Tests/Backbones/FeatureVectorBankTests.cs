using System.Globalization;
using System.IO.Compression;
using Edge.Storage;
using Edge.Trainer.Backbones;
using Edge.Trainer.Tests.Onnx;
using static TorchSharp.torch;

namespace Edge.Trainer.Tests.Backbones;

[Collection(TorchGeneratorCollection.Name)]
public class FeatureVectorBankTests
{
    [Fact]
    public void One_sample_windows_get_it_and_it_starts_with_a_quarter_of_asinh_of_the_features()
    {
        using var scope = NewDisposeScope();
        var bank = FrozenBank.Create(new WindowShape(24, 1, 1));
        Assert.IsType<FeatureVectorBank>(bank);
        Assert.Equal(24 + 512, bank.FeatureLength);
        Assert.Equal(200, FrozenBank.Create(new WindowShape(24, 1, 1), 1, 200).FeatureLength);
        var vectors = randn(5, 24, 1) * 1e4;
        var features = bank.forward(vectors);
        Assert.Equal([5, 536], features.shape);
        Assert.True(features[.., ..24].allclose(vectors.flatten(1).asinh() / 4, 1e-6, 1e-6));
        Assert.True(features[.., 24..].abs().max().item<float>() <= 1);
    }

    [Fact]
    public void Random_features_stand_for_a_Gaussian_kernel()
    {
        using var scope = NewDisposeScope();
        manual_seed(4);
        var bank = new FeatureVectorBank(6, 20_000);
        bank.Fit(randn(500, 6, 1).sinh());
        var pair = randn(2, 6, 1);
        var random = bank.forward(pair.sinh())[.., 6..];
        double kernel = Math.Exp(-bank.Scale.forward(pair.sinh()).flatten(1).diff(dim: 0).square().sum().item<float>() / 12.0);
        Assert.Equal(kernel, 2 * (random[0] * random[1]).mean().item<float>(), 0.03);
    }

    [Fact]
    public void The_same_seed_gives_the_same_features_and_another_gives_others()
    {
        using var scope = NewDisposeScope();
        var vectors = randn(4, 6, 1);
        Tensor Of(int seed) => new FeatureVectorBank(6, 16, seed).forward(vectors);
        Assert.True(Of(1).Equals(Of(1)));
        Assert.False(Of(1).Equals(Of(2)));
        float[] expected = [0.581487656f, -0.252666593f, -0.241179526f];
        Assert.Equal(expected, new FeatureVectorBank(6, 16, 1).Directions[0, ..3].data<float>().ToArray());
    }

    [Fact]
    public void There_is_nothing_to_train_and_the_scale_is_saved()
    {
        var bank = new FeatureVectorBank(3, 8);
        Assert.Empty(bank.parameters());
        Assert.Equal(["directions", "phases", "scale.deviation", "scale.mean"], bank.state_dict().Keys.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(6)]
    public void Ridge_on_it_tells_gases_apart_in_every_batch_whatever_it_was_fitted_on(int fittedBatchCount)
    {
        using var scope = NewDisposeScope();
        var (vectors, classes, batches) = GasSensors();
        var bank = new FeatureVectorBank(128);
        if (fittedBatchCount > 0) bank.Fit(vectors[tensor(batches).le(fittedBatchCount)]);
        int[] order = [.. Enumerable.Range(0, classes.Length)];
        new Random(7).Shuffle(order);
        int trainCount = (int)(0.7 * order.Length);
        var features = bank.forward(vectors);
        int[] train = order[..trainCount], test = order[trainCount..];
        double accuracy = FrozenRidge.Accuracy(
            features[tensor(train).to(ScalarType.Int64)], [.. train.Select(i => classes[i])], features[tensor(test).to(ScalarType.Int64)], [.. test.Select(i => classes[i])], lambda: 10);
        Assert.True(accuracy >= 98.5, accuracy.ToString("f2", CultureInfo.InvariantCulture));
    }

    private static (Tensor Vectors, int[] Classes, int[] Batches) GasSensors()
    {
        string file = Path.Combine(Environment.GetEnvironmentVariable("EDGE_DATA") is { Length: > 0 } folder ? folder : "../shared/data", "gas_sensor_array_drift_224_batches_1-6.zip");
        Assert.SkipUnless(File.Exists(file), $"The Gas Sensor Array Drift archive is not at {Path.GetFullPath(file)}; set EDGE_DATA to its folder.");
        using var zip = ZipFile.OpenRead(file);
        var values = new List<float>();
        var classes = new List<int>();
        var batches = new List<int>();
        for (int batch = 1; batch <= 6; batch++)
        {
            using var reader = new StreamReader(zip.GetEntry($"Dataset/batch{batch}.dat")!.Open());
            while (reader.ReadLine() is { } line)
            {
                string[] parts = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                if (parts.Length == 0) continue;
                classes.Add(int.Parse(parts[0].Split(';')[0], CultureInfo.InvariantCulture) - 1);
                batches.Add(batch);
                values.AddRange(parts.Skip(1).Select(part => float.Parse(part.AsSpan(part.IndexOf(':') + 1), CultureInfo.InvariantCulture)));
            }
        }

        return (tensor(values.ToArray(), [classes.Count, 128, 1]), [.. classes], [.. batches]);
    }
}
