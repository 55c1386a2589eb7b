using Edge.Benchmarks;
using Edge.Config;
using Edge.Runtime.Inference;
using Edge.Runtime.Stages;
using Edge.Runtime.Tests.Inference;
using Edge.Storage;

namespace Edge.Runtime.Tests.Stages;

/// <summary>Windows through the real stage.</summary>
public sealed class ClassifierStageTests : IDisposable
{
    private readonly DataFolder data = new();

    public void Dispose() => data.Dispose();

    [Fact]
    public async Task A_provider_that_fails_in_the_middle_of_the_flow_costs_no_window()
    {
        const int Count = 30;
        var cuda = new FailingCuda();
        var chain = new ProviderChain(new InferenceSection()) { Maker = cuda };
        string model = TestSnapshot.Write(data);
        using var alone = Classifier.Open(model, TestSnapshot.Manifest, new InferenceSection { Providers = ["cpu"] });
        var bank = new PrototypeBank(TestSnapshot.Manifest.Id, 128);
        foreach (string name in TestSnapshot.Classes)
        {
            alone.Score(TestSnapshot.WindowOf(name, 100));
            bank.Add(name, alone.EmbeddingOf(0));
        }

        var branches = new BranchReadOuts(TestSnapshot.Classes, bank.ToMatrix(TestSnapshot.Classes), null, null, null, 0);
        var readOut = new PublishedReadOut(branches.Compose(ReadOutBlend.OfPrototypes), branches, ReadOutBlend.OfPrototypes, null);
        alone.Use(readOut.Weights);

        await using var pipeline = new ClassifierPipeline(TestSnapshot.Window, lossless: true, ringCapacity: 64);
        var running = chain.Open(new GraphFile(model), TestSnapshot.Manifest);
        Assert.Equal("cuda", running.Provider);
        pipeline.Slot.Swap(running, readOut);
        using var encoder = chain.Open(new GraphFile(model), TestSnapshot.Manifest);
        await pipeline.StartAsync(TestContext.Current.CancellationToken);
        for (int i = 1; i <= Count; i++)
        {
            float[] window = TestSnapshot.WindowOf(TestSnapshot.Classes[i % 3], i);
            await pipeline.SendAsync((ulong)i, window, TestContext.Current.CancellationToken);
            var prediction = await pipeline.ReceiveAsync(TestContext.Current.CancellationToken);
            var expected = alone.Score(window);
            Assert.Equal(((ulong)i, TestSnapshot.Classes[expected.ClassIndex], expected.Confidence), (prediction.WindowId, prediction.Class, prediction.Confidence));
            Assert.Equal(i <= 11 ? "cuda" : "cpu", pipeline.State.Provider);
            if (i != 11) continue;
            cuda.FailAfter(0);
            encoder.Score(window); // Another session that fails does not change what classifies.
            Assert.Equal(("cpu", "cuda", "cuda"), (encoder.Provider, running.Provider, pipeline.State.Provider));
        }

        Assert.Null(pipeline.Faults.First);
        Assert.Equal((Count, 0L, 2L), (pipeline.State.WindowsSeen, pipeline.State.WindowsDropped, chain.FailureCount));
        Assert.Equal("cpu", running.Provider);
    }
}
