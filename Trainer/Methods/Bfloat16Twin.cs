using Edge.Trainer.Backbones;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Edge.Trainer.Methods;

/// <summary>
/// A second backbone in bfloat16 that computes in place of the float32 master: it takes the master's weights before a step and gives its gradients back after it, so that small steps are not rounded away.
/// Micikevicius et al. 2018, "Mixed Precision Training", section 3.1, with bfloat16 (Kalamkar et al. 2019, "A Study of BFLOAT16 for Deep Learning Training"), whose range needs no scaling of the loss.
/// </summary>
/// <remarks>The whole backbone computes in bfloat16, layer normalisations and the input's scale too; torch accumulates inside them in float32. Projector, heads, losses and optimiser are float32.</remarks>
internal sealed class Bfloat16Twin : IDisposable
{
    private readonly Backbone twin;
    private readonly (Parameter Master, Parameter Twin)[] pairs;
    private readonly (Tensor Master, Tensor Twin)[] buffers;

    /// <summary>Makes the twin on the master's device.</summary>
    /// <param name="master">The backbone in training.</param>
    /// <param name="length">Samples per channel of its windows.</param>
    public Bfloat16Twin(Backbone master, int length)
    {
        using var scope = NewDisposeScope();
        var chance = random.get_rng_state();
        twin = BackboneCatalogue.Create(master.GetName(), master.ChannelCount, length);
        random.set_rng_state(chance); // The twin's own first weights are never used.
        twin.to(master.parameters().First().device, ScalarType.BFloat16);
        foreach (var parameter in twin.parameters()) parameter.DetachFromDisposeScope();
        foreach (var buffer in twin.buffers()) buffer.DetachFromDisposeScope();
        pairs = [.. master.parameters().Zip(twin.parameters())];
        buffers = [.. master.buffers().Zip(twin.buffers())];
    }

    /// <summary>Takes the master's weights over.</summary>
    public void Follow()
    {
        using var _ = no_grad();
        foreach (var (master, copy) in pairs)
        {
            copy.copy_(master);
            copy.grad = null;
        }

        foreach (var (master, copy) in buffers) copy.copy_(master);
    }

    /// <summary>float32 windows to float32 embeddings.</summary>
    public Tensor Forward(Tensor windows)
    {
        using var scope = NewDisposeScope();
        return twin.forward(windows.to(ScalarType.BFloat16)).to(ScalarType.Float32).MoveToOuterDisposeScope();
    }

    /// <summary>Adds the gradients of the passes since <see cref="Follow"/> to the master's.</summary>
    public void GiveGradients()
    {
        using var _ = no_grad();
        foreach (var (master, copy) in pairs)
        {
            if (copy.grad is not { } grad) continue;
            using (grad)
            {
                var own = grad.to(ScalarType.Float32);
                if (master.grad is { } already) using (already) own = own.add_(already);
                master.grad = own;
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => twin.Dispose();
}
