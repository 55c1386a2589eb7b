using static TorchSharp.torch;

namespace Edge.Trainer.Methods;

/// <summary>Keeps where an unfinished round stands, so that a round that was killed goes on from there.</summary>
public interface IRoundProgress
{
    /// <summary>What an earlier attempt at the same round kept last; null: nothing that fits. The caller disposes of it.</summary>
    UnfinishedRound? Read();

    /// <summary>Whether it is time to keep the state again; asked after every step.</summary>
    bool IsDue { get; }

    /// <summary>Keeps a state in place of the one before.</summary>
    void Keep(UnfinishedRound state);
}

/// <summary>Everything that a round on the CPU needs to end as if it had not been interrupted, but for what its files give anew: the batches and what a method computes when the round begins.</summary>
/// <param name="Numbers">Steps, sums of losses, the best pass, by name.</param>
/// <param name="Tensors">float32, int64 and uint8 tensors on the CPU by name, owned by this record.</param>
public sealed record UnfinishedRound(IReadOnlyDictionary<string, double> Numbers, IReadOnlyDictionary<string, Tensor> Tensors) : IDisposable
{
    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var tensor in Tensors.Values) tensor.Dispose();
    }
}
