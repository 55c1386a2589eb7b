using static TorchSharp.torch;

namespace Edge.Trainer.Rounds;

/// <summary>What a training method remembers from round to round beyond the weights, in a checkpoint.</summary>
/// <param name="Method">Name in the method catalogue of the method that it belongs to; no other can read it.</param>
/// <param name="Classes">Names of the head's rows, which the tensors may count in.</param>
/// <param name="Tensors">float32 or int64 tensors on the CPU by name, owned by this record.</param>
public sealed record MethodState(string Method, IReadOnlyList<string> Classes, IReadOnlyDictionary<string, Tensor> Tensors) : IDisposable
{
    /// <summary>Whether it fits: the same method, and the classes the same or grown at the end. Where it does not the method begins anew.</summary>
    public bool Fits(string method, IReadOnlyList<string> classes) => method == Method && Classes.Count <= classes.Count && Classes.SequenceEqual(classes.Take(Classes.Count));

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var tensor in Tensors.Values) tensor.Dispose();
    }
}
