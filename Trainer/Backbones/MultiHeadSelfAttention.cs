using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Edge.Trainer.Backbones;

/// <summary>
/// Self-attention of several heads, softmax(QK'/√(d/heads)) V: [batch, tokens, d] to the same shape (Vaswani et al. 2017, Attention is all you need, section 3.2.2). Of plain linear layers, so that it
/// can be exported; no mask, no dropout.
/// </summary>
public sealed class MultiHeadSelfAttention : Module<Tensor, Tensor>
{
    private readonly Linear query;
    private readonly Linear key;
    private readonly Linear value;
    private readonly Linear output;

    /// <summary>Creates the layer; <paramref name="headCount"/> divides <paramref name="width"/>.</summary>
    public MultiHeadSelfAttention(int width, int headCount)
        : base(nameof(MultiHeadSelfAttention))
    {
        if (headCount < 1 || width % headCount != 0) throw new ArgumentException($"{headCount} heads do not divide a width of {width}. Choose a divisor.", nameof(headCount));
        (Width, HeadCount) = (width, headCount);
        query = Linear(width, width);
        key = Linear(width, width);
        value = Linear(width, width);
        output = Linear(width, width);
        RegisterComponents();
    }

    /// <summary>Length d of a token.</summary>
    public int Width { get; }

    /// <summary>Number of heads.</summary>
    public int HeadCount { get; }

    /// <summary>Tokens to queries.</summary>
    public Linear Query => query;

    /// <summary>Tokens to keys.</summary>
    public Linear Key => key;

    /// <summary>Tokens to values.</summary>
    public Linear Value => value;

    /// <summary>What the heads found, side by side, to tokens.</summary>
    public Linear Output => output;

    /// <summary>What scores are multiplied by before the softmax.</summary>
    public double ScoreScale => 1 / Math.Sqrt((double)Width / HeadCount);

    /// <inheritdoc/>
    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        long batch = input.shape[0], tokens = input.shape[1];
        var scores = (ByHead(query.forward(input)) * ScoreScale).matmul(ByHead(key.forward(input)).transpose(2, 3));
        var found = scores.softmax(3).matmul(ByHead(value.forward(input))).transpose(1, 2).reshape(batch, tokens, Width);
        return output.forward(found).MoveToOuterDisposeScope();

        Tensor ByHead(Tensor projected) => projected.view(batch, tokens, HeadCount, Width / HeadCount).transpose(1, 2);
    }
}
