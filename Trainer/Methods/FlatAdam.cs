using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Edge.Trainer.Methods;

/// <summary>
/// Adam (Kingma and Ba 2015, "Adam: A Method for Stochastic Optimization", algorithm 1) over all parameters as one vector, with the clipping of the gradient's norm
/// (Pascanu et al. 2013, "On the difficulty of training recurrent neural networks", algorithm 1). A step is ten operations on one vector instead of ten for every parameter.
/// <code>m = b1 m + (1 - b1) g,  v = b2 v + (1 - b2) g^2,  w -= lr * (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + e),   b1 = 0.9, b2 = 0.999, e = 1e-8</code>
/// </summary>
/// <remarks>From construction on the parameters are views of <see cref="Weights"/>, also after disposal. Move a network to its device before.</remarks>
public sealed class FlatAdam : IDisposable
{
    private const double FirstDecay = 0.9, SecondDecay = 0.999, Epsilon = 1e-8;
    private readonly Parameter[] parameters;
    private readonly Tensor gradient; // [n], of the latest backward pass; gathered by ClipNorm or Step.
    private readonly Tensor first; // [n], m.
    private readonly Tensor second; // [n], v.
    private bool isGathered;

    /// <summary>Lays the parameters into one vector; their values stay.</summary>
    /// <param name="parameters">In the order that <see cref="State"/> keeps: give the same parameters in the same order to <see cref="Restore"/>. All of one type and device.</param>
    /// <param name="learningRate">Step size, above 0.</param>
    public FlatAdam(IEnumerable<Parameter> parameters, double learningRate)
    {
        (this.parameters, LearningRate) = ([.. parameters], learningRate);
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        Weights = cat([.. this.parameters.Select(parameter => parameter.detach().flatten())]);
        (gradient, first, second) = (zeros_like(Weights), zeros_like(Weights), zeros_like(Weights));
        scope.Detach(Weights, gradient, first, second);
        long offset = 0;
        foreach (var parameter in this.parameters)
        {
            long count = parameter.numel();
            parameter.set_(Weights.narrow(0, offset, count).view(parameter.shape));
            offset += count;
        }
    }

    /// <summary>Step size; may change between steps.</summary>
    public double LearningRate { get; set; }

    /// <summary>Steps taken, over all calls of <see cref="Restore"/>.</summary>
    public long StepCount { get; private set; }

    /// <summary>All parameters, [n]; writing to it writes to them.</summary>
    public Tensor Weights { get; }

    /// <summary>Forgets the gradients. To be called before every backward pass, or they add up.</summary>
    public void ZeroGrad()
    {
        foreach (var parameter in parameters) parameter.grad = null;
        isGathered = false;
    }

    /// <summary>Scales the gradient down to an L2 norm of <paramref name="largest"/> where it is longer.</summary>
    /// <returns>The norm before; not finite when a gradient is not, and then <see cref="Step"/> would spoil the weights.</returns>
    public double ClipNorm(double largest)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        Gather();
        double norm = gradient.norm().to_type(ScalarType.Float64).item<double>();
        double scale = largest / (norm + 1e-6); // As torch.nn.utils.clip_grad_norm_.
        if (scale < 1) gradient.mul_(scale);
        return norm;
    }

    /// <summary>Moves the weights by the gradient of the last backward pass, clipped if <see cref="ClipNorm"/> was called after it. A parameter without a gradient counts as 0.</summary>
    public void Step()
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        Gather();
        StepCount++;
        double firstBias = 1 - Math.Pow(FirstDecay, StepCount), secondBias = 1 - Math.Pow(SecondDecay, StepCount);
        first.mul_(FirstDecay).add_(gradient, 1 - FirstDecay);
        second.mul_(SecondDecay).addcmul_(gradient, gradient, 1 - SecondDecay);
        var deviation = second.sqrt().div_(Math.Sqrt(secondBias)).add_(Epsilon);
        Weights.addcdiv_(first, deviation, -LearningRate / firstBias);
    }

    /// <summary>What a resumed round needs besides the weights: <c>adam.first</c> and <c>adam.second</c> [n], <c>adam.stepCount</c> [1], float32 (exact up to 2^24 steps). Copies, of the caller.</summary>
    public IReadOnlyDictionary<string, Tensor> State() => new Dictionary<string, Tensor>
    {
        ["adam.first"] = first.clone(),
        ["adam.second"] = second.clone(),
        ["adam.stepCount"] = tensor([(float)StepCount]),
    };

    /// <summary>Goes on where <see cref="State"/> was taken; the weights are restored by whoever kept them.</summary>
    /// <exception cref="InvalidDataException">A tensor is missing or of another length: the state is of another network.</exception>
    public void Restore(IReadOnlyDictionary<string, Tensor> state)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        first.copy_(StateTensor.Of(state, "adam.first", first.numel()));
        second.copy_(StateTensor.Of(state, "adam.second", second.numel()));
        StepCount = (long)StateTensor.Of(state, "adam.stepCount", 1).item<float>();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var tensor in (Tensor[])[Weights, gradient, first, second]) tensor.Dispose();
    }

    private void Gather()
    {
        if (isGathered) return;
        long offset = 0;
        foreach (var parameter in parameters)
        {
            long count = parameter.numel();
            using var place = gradient.narrow(0, offset, count);
            if (parameter.grad is not { } grad) place.zero_();
            else using (grad) place.copy_(grad.reshape(count));
            offset += count;
        }

        isGathered = true;
    }
}
