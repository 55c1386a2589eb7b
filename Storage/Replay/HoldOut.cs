namespace Edge.Storage;

/// <summary>How much of a window is in held-out time blocks.</summary>
internal enum HeldOut
{
    /// <summary>Nothing: it may be trained on.</summary>
    Not,

    /// <summary>A part: it shares samples with windows that may be anchors and with windows that may be trained on, so it is neither.</summary>
    InPart,

    /// <summary>All of it: it may be an anchor.</summary>
    Whole,
}

/// <summary>
/// Which windows are held out: whole blocks of stream time, drawn by a hash of the block before anything is known of its content. What touches a held-out block is not trained on, and what leaves one is no anchor, so no anchor
/// shares a sample with what was trained on.
/// </summary>
/// <param name="seed">Seed of every choice.</param>
/// <param name="share">Share of blocks that are held out, 0 to 1.</param>
/// <param name="blockSeconds">Length of a block, seconds of stream time; two windows at least, or hardly a window would lie in held-out blocks as a whole.</param>
/// <param name="windowSeconds">From the first sample of a window to the end of its last, seconds; 0: a window counts as the moment at which it starts.</param>
internal sealed class HoldOut(int seed, double share, double blockSeconds, double windowSeconds)
{
    private const uint Stream = 0;
    private const double Rounding = 1e-9; // In blocks: a window that ends where a block begins does not touch it, however the sum is rounded.
    private readonly double length = Math.Max(blockSeconds, 2 * windowSeconds);

    /// <summary>What is held out of the window that starts at this stream time, seconds.</summary>
    public HeldOut Of(double startSeconds)
    {
        long first = (long)Math.Floor(startSeconds / length), last = Math.Max(first, (long)Math.Ceiling((startSeconds + windowSeconds) / length - Rounding) - 1);
        return (IsBlock(first), IsBlock(last)) switch
        {
            (true, true) => HeldOut.Whole,
            (false, false) => HeldOut.Not,
            _ => HeldOut.InPart,
        };
    }

    private bool IsBlock(long block) => SeededDraw.Unit(seed, Stream, (ulong)block) < share;
}
