namespace Edge.Trainer.Backbones;

/// <summary>How many kernels of which kind a <see cref="RandomConvolutionBank"/> has.</summary>
public sealed record RandomConvolutionBankOptions
{
    private const int LargestDilationCount = 4;

    /// <summary>Seed of the kernels.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>Groups of kernels per dilation, for the window and again for its differences; 1 or more.</summary>
    /// <value>8. Measured on UCI HAR (ridge on all training windows): see Trainer/README.md.</value>
    public int GroupCount { get; init; } = 8;

    /// <summary>Kernels that compete in a group, 2 or more.</summary>
    public int KernelsPerGroup { get; init; } = 8;

    /// <summary>Samples that a kernel spans at dilation 1; odd, 3 or more.</summary>
    public int KernelLength { get; init; } = 9;

    /// <summary>Steps between the samples that a kernel sees.</summary>
    /// <value>
    /// null: the powers of two with which a kernel fits into the window, when there are more than four then four of them from 1 to the largest: 1, 2, 4, 8 for 128 samples, 1, 4, 8, 32 for 361, where
    /// they are worth 8 points over 1, 2, 4, 8 in five folds of the training windows of PickupGestureWiimoteZ.
    /// </value>
    public IReadOnlyList<int>? Dilations { get; init; }

    /// <summary>Whether the statistics of <see cref="WindowStatistics"/> are added.</summary>
    public bool Statistics { get; init; } = true;

    /// <summary>The options with as many groups as bring the number of features close to <paramref name="size"/> from below, one at least; 0: the default number.</summary>
    public static RandomConvolutionBankOptions OfSize(int channelCount, int length, int size)
    {
        var options = new RandomConvolutionBankOptions();
        if (size == 0) return options;
        int perGroup = options.DilationsFor(length).Count * options.KernelsPerGroup * CompetingKernels.FeaturesPerKernel * CompetingKernels.SeriesPerChannel;
        return options with { GroupCount = Math.Max(1, (size - WindowStatistics.CountFor(channelCount, length)) / perGroup) };
    }

    /// <summary>The dilations for windows of <paramref name="length"/> samples.</summary>
    /// <exception cref="ArgumentException">A value is out of range, or a kernel does not fit into the window.</exception>
    public IReadOnlyList<int> DilationsFor(int length)
    {
        if (GroupCount < 1) throw new ArgumentException($"GroupCount is {GroupCount}. It must be 1 or more.");
        if (KernelsPerGroup < 2) throw new ArgumentException($"KernelsPerGroup is {KernelsPerGroup}. It must be 2 or more: kernels compete.");
        if (KernelLength < 3 || KernelLength % 2 == 0) throw new ArgumentException($"KernelLength is {KernelLength}. It must be odd and 3 or more.");
        if (KernelLength > length) throw new ArgumentException($"A window has {length} samples, a kernel of {KernelLength} does not fit. Use longer windows or a smaller KernelLength.");
        int[] dilations = Dilations is null
            ? [.. Spread((int)Math.Log2((length - 1) / (KernelLength - 1))).Select(power => 1 << power)]
            : [.. Dilations];
        int wrong = Array.FindIndex(dilations, dilation => dilation < 1 || !Fits(dilation));
        if (wrong >= 0) throw new ArgumentException($"Dilation {dilations[wrong]} is not from 1 to {(length - 1) / (KernelLength - 1)}, with which a kernel of {KernelLength} fits into {length} samples.");
        return dilations.Length > 0 ? dilations : throw new ArgumentException("Dilations is empty. Name at least one, or leave it out.");

        // 0 … largest when these are four at most, else four of them at equal steps, both ends included.
        static IEnumerable<int> Spread(int largest) => Enumerable.Range(0, Math.Min(largest + 1, LargestDilationCount))
            .Select(i => largest < LargestDilationCount ? i : (int)Math.Round(i * largest / (LargestDilationCount - 1.0)));

        bool Fits(int dilation) => (KernelLength - 1) * dilation < length;
    }
}
