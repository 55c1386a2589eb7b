using Edge.Benchmarks;
using Edge.Config;
using Edge.Runtime.Inference;
using Edge.Runtime.Learning;
using Edge.Runtime.Tests.Inference;

namespace Edge.Runtime.Tests.Stages;

/// <summary>Snapshots that replace one another while windows flow. Alone in the process while it measures memory.</summary>
[CollectionDefinition(nameof(SwapTests), DisableParallelization = true)]
[Collection(nameof(SwapTests))]
public class SwapTests
{
    // 30 MB over 1,000 swaps is the bar; 150 may cost their share of it, and what the allocator happens to hold.
    private const double MostGrowthMiB = 10;

    [Fact]
    public async Task A_hundred_and_fifty_swaps_lose_no_window_mix_up_none_and_leave_memory_flat()
    {
        NativeMemory.Limit(); // As the service does at its start.
        using var data = new DataFolder();
        float[][] windows = [.. Enumerable.Range(0, 12).Select(i => TestSnapshot.WindowOf(TestSnapshot.Classes[i % 3], i))];
        var load = new SwapLoad([TestSnapshot.WriteFrozen(data), TestSnapshot.WriteOther(data, "other.onnx")], TestSnapshot.Manifest, windows, new ProviderChain(new InferenceSection { Providers = ["cpu"], BacklogThreadCount = 2 }) { Maker = new SharedBatches() }); // One with a frozen branch, one without: not even their inputs are the same.
        var outcome = await load.RunAsync(warmUpCount: 30, swapCount: 150, TimeSpan.FromMilliseconds(1), lossless: true, TestContext.Current.CancellationToken);
        Assert.Null(outcome.Fault);
        Assert.True(outcome.SentCount > 180);
        Assert.Equal((outcome.SentCount, 0, 0, 0), (outcome.PredictedCount, outcome.DroppedCount, outcome.DisorderCount, outcome.WrongCount));
        Assert.Equal((1, 1), (outcome.HelpersBefore, outcome.HelpersAfter)); // The thread of a session that went is gone with it.
        double growth = outcome.ResidentAfterMiB - outcome.ResidentBeforeMiB;
        Assert.True(growth < MostGrowthMiB, $"150 swaps left {growth:0.0} MiB: {outcome.ResidentBeforeMiB:0.0}, {outcome.ResidentMiddleMiB:0.0}, {outcome.ResidentAfterMiB:0.0}");
    }
}
