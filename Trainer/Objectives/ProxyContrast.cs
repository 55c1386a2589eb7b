using static TorchSharp.torch;

namespace Edge.Trainer.Objectives;

/// <summary>
/// Proxy-based contrast: a window is drawn to the proxy of its class and pushed from the proxies of the classes in its batch, each as often as the class occurs there. Classes absent from the batch
/// take no part, so they are not pushed away.
/// <code>L = mean over windows i of  - log( exp(z_i.w_{y_i}/T) / sum over windows j of exp(z_i.w_{y_j}/T) )</code>
/// with z and w L2-normalised. Lin et al. 2023, "PCR: Proxy-based Contrastive Replay for Online Class-Incremental Continual Learning", section 4.2; T = 0.09 there. The proxies are the rows of the classifier.
/// </summary>
/// <remarks>The sum over windows is computed as one over classes with their counts: exp(a) n = exp(a + ln n).</remarks>
/// <param name="temperature">T, above 0.</param>
public sealed class ProxyContrast(double temperature = 0.09)
{
    private const double Absent = -1e9; // exp() of it is 0 in float32 and float64.

    /// <summary>The loss of a batch.</summary>
    /// <param name="representations">[n, d], any scale: rows are normalised here. n at least 1.</param>
    /// <param name="proxies">[classes, d], any scale.</param>
    /// <param name="labels">[n] int64 class indices.</param>
    /// <returns>A scalar of the representations' type, at least 0: the logarithm of the number of windows of the own class if they are alone.</returns>
    public Tensor Loss(Tensor representations, Tensor proxies, Tensor labels)
    {
        using var scope = NewDisposeScope();
        var counts = zeros(proxies.shape[0], representations.dtype, representations.device).index_add_(0, labels, ones_like(labels, representations.dtype), 1);
        var priors = counts.clamp_min(1).log().masked_fill(counts.eq(0), Absent);
        var cosines = nn.functional.linear(nn.functional.normalize(representations, 2, 1), nn.functional.normalize(proxies, 2, 1)) / temperature;
        var attraction = cosines.gather(1, labels.unsqueeze(1)).squeeze(1);
        return ((cosines + priors.unsqueeze(0)).logsumexp(1) - attraction).mean().MoveToOuterDisposeScope();
    }
}
