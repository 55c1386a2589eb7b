using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Edge.Trainer.Backbones;

/// <summary>
/// A transformer encoder layer with the normalisation first: x + Attention(LN(x)), then x + MLP(LN(x)), the MLP Linear, GELU, Linear: [batch, tokens, d] to the same shape (Xiong et al. 2020, On layer
/// normalization in the transformer architecture, figure 1b: trains without a warm-up).
/// </summary>
public sealed class EncoderLayer : Module<Tensor, Tensor>
{
    private readonly Sequential attention;
    private readonly Sequential mlp;

    /// <summary>Creates the layer.</summary>
    public EncoderLayer(int width, int headCount, int hiddenWidth)
        : base(nameof(EncoderLayer))
    {
        attention = Sequential(("norm", LayerNorm(width)), ("heads", new MultiHeadSelfAttention(width, headCount)));
        mlp = Sequential(("norm", LayerNorm(width)), ("hidden", Linear(width, hiddenWidth)), ("gelu", GELU()), ("out", Linear(hiddenWidth, width)));
        RegisterComponents();
    }

    /// <summary>Normalisation and attention, added to the tokens first.</summary>
    public Sequential Attention => attention;

    /// <summary>Normalisation and perceptron, added to the tokens then.</summary>
    public Sequential Mlp => mlp;

    /// <inheritdoc/>
    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var attended = input + attention.forward(input);
        return (attended + mlp.forward(attended)).MoveToOuterDisposeScope();
    }
}
