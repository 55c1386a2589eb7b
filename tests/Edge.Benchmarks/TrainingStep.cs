using Edge.Trainer.Backbones;
using Edge.Trainer.Methods;
using Edge.Trainer.Objectives;
using static TorchSharp.torch;

namespace Edge.Benchmarks;

/// <summary>
/// One step of the default method, made of the parts that a round is made of, on one fixed batch of noise: B new windows, their views, M replayed, their views (a view is noise of its own here),
/// then forward, SupCon + masked cross-entropy + relation distillation, backward, clipping, Adam, moving average. Drawing and augmenting the batch are left out.
/// </summary>
internal sealed class TrainingStep : IDisposable
{
    private const int ClassCount = 6, ChannelCount = 9, Length = 128;
    private readonly int freshCount, replayCount;
    private readonly bool layerByLayer;
    private readonly LearnerNet net;
    private readonly Tensor windows, labels, teacher;
    private readonly FlatAdam adam;
    private readonly WeightAverage average;
    private readonly SupConLoss supCon = new(0.1);
    private readonly RelationDistillation distillation = new();

    /// <summary>The same counts give the same weights and the same batch.</summary>
    public TrainingStep(int freshCount, int replayCount, bool layerByLayer)
    {
        (this.freshCount, this.replayCount, this.layerByLayer) = (freshCount, replayCount, layerByLayer);
        manual_seed(1);
        net = new LearnerNet(new TscilCnn(ChannelCount), [.. Enumerable.Range(0, ClassCount).Select(i => $"class {i}")]);
        int count = 2 * (freshCount + replayCount);
        windows = randn(count, ChannelCount, Length);
        labels = tensor([.. Enumerable.Range(0, count).Select(i => (long)(i % ClassCount))]);
        teacher = randn(freshCount + replayCount, net.Backbone.EmbeddingLength);
        adam = new FlatAdam(net.parameters(), 1e-3);
        average = new WeightAverage([adam.Weights]);
    }

    /// <summary>Multiplications and additions of the convolutions, forward and backward, in one step. The first layer has no gradient for its input.</summary>
    public double FloatOperations
    {
        get
        {
            int[] widths = [ChannelCount, 64, 128, 256, 128];
            double multiplyAdds = 0;
            for (int layer = 0, length = Length; layer < 4; layer++, length /= 2)
                multiplyAdds += (layer == 0 ? 2.0 : 3.0) * 5 * widths[layer] * widths[layer + 1] * length;
            return 2 * multiplyAdds * windows.shape[0];
        }
    }

    /// <summary>Weights by name, then <c>windows</c> and <c>teacher</c>: each a line "name dimensions" and its float32 values, little-endian.</summary>
    public void Save(string file)
    {
        using var stream = File.Create(file);
        foreach (var (name, value) in net.named_parameters().Select(pair => (pair.name, (Tensor)pair.parameter)).Append(("windows", windows)).Append(("teacher", teacher)))
        {
            stream.Write(System.Text.Encoding.ASCII.GetBytes($"{name} {string.Join(' ', value.shape)}\n"));
            stream.Write(value.detach().contiguous().bytes);
        }
    }

    /// <summary>Takes the step.</summary>
    /// <returns>The loss before it.</returns>
    public float Take()
    {
        using var scope = NewDisposeScope();
        var embeddings = layerByLayer ? net.Backbone.Layers.forward(windows) : net.Backbone.forward(windows);
        var originals = cat([embeddings.narrow(0, 0, freshCount), embeddings.narrow(0, 2 * freshCount, replayCount)]);
        var loss = supCon.Loss(net.Projector.forward(embeddings), labels)
            + MaskedCrossEntropy.Loss(net.Head.forward(embeddings), labels, 2 * freshCount)
            + distillation.Loss(originals, teacher);
        adam.ZeroGrad();
        loss.backward();
        adam.ClipNorm(1);
        adam.Step();
        average.Push();
        return loss.item<float>();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var tensor in (Tensor[])[windows, labels, teacher]) tensor.Dispose();
        average.Dispose();
        adam.Dispose();
        net.Dispose();
    }
}
