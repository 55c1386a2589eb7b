using static TorchSharp.torch;

namespace Edge.Trainer.Methods;

/// <summary>Reads a named tensor of a kept training state.</summary>
internal static class StateTensor
{
    /// <summary>The tensor of that name.</summary>
    /// <exception cref="InvalidDataException">It is missing, or has another number of values; the message names it.</exception>
    public static Tensor Of(IReadOnlyDictionary<string, Tensor> state, string name, long valueCount)
    {
        if (!state.TryGetValue(name, out var value)) throw new InvalidDataException($"The training state has no '{name}'; it has {string.Join(", ", state.Keys.Order())}. Start the round anew.");
        return value.numel() == valueCount
            ? value
            : throw new InvalidDataException($"The training state's '{name}' has {value.numel()} values, this network needs {valueCount}. Start the round anew.");
    }
}
