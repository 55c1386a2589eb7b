using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Edge.Benchmarks;
using Edge.Config;
using Edge.Runtime.Inference;
using Edge.Runtime.Sensors;
using Edge.Runtime.Stages;
using Edge.Runtime.Tests.Inference;
using Edge.Runtime.Windowing;
using Edge.Storage;
using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Logging.Abstractions;

namespace Edge.Runtime.Tests.Stages;

/// <summary>The real stages from the sensor's block to the prediction, with a real session. Alone in the process while it measures: bytes are counted over all threads.</summary>
[CollectionDefinition(nameof(HotPathTests), DisableParallelization = true)]
[Collection(nameof(HotPathTests))]
public sealed class HotPathTests : IDisposable
{
    private const int Stride = 16, RoundCount = 12, WindowsPerRound = 128;
    private static readonly InferenceSection s_settings = new() { Providers = ["cpu"], UnknownBelowSimilarity = -1 };
    private readonly DataFolder data = new();
    private readonly FaultRecord faults = new();
    private readonly ServiceState state = new(TimeProvider.System);

    public void Dispose() => data.Dispose();

    [Theory]
    [InlineData(false)] // Every stage waits for every window.
    [InlineData(true)] // Queues are full, and windows are scored together.
    public async Task From_the_sensor_s_block_to_the_prediction_nothing_is_allocated(bool hasBacklog)
    {
        long[] bytes = new long[RoundCount];
        await RunAsync(hasBacklog, async predictions =>
        {
            for (int round = 0; round < RoundCount; round++)
            {
                long before = GC.GetTotalAllocatedBytes(precise: true);
                await predictions(WindowsPerRound, null);
                bytes[round] = GC.GetTotalAllocatedBytes(precise: true) - before;
            }
        });

        // Warm-up is in the first rounds; the test's host allocates now and then, the hot path would in every round.
        Assert.True(bytes.Skip(RoundCount / 2).Contains(0), $"bytes in rounds of {WindowsPerRound} windows: {string.Join(", ", bytes)}");
    }

    [Fact]
    public async Task Windows_that_pile_up_are_scored_together_in_their_order_and_as_each_would_be_alone()
    {
        var told = new List<Prediction>();
        await RunAsync(hasBacklog: true, async predictions => await predictions(WindowsPerRound, told));
        Assert.InRange(state.ClassifierCalls, 1, state.WindowsSeen / 2);
        Assert.Equal(Enumerable.Range(1, told.Count).Select(id => (ulong)id), told.Select(prediction => prediction.WindowId));

        using var alone = Open(1);
        var cut = new List<Window>();
        var sensor = new Waves(null);
        var (pool, windower) = (new WindowPool(TestSnapshot.Window), new Windower(TestSnapshot.Window, Stride, 1));
        for (long first = 0; cut.Count < told.Count; first += Stride)
        {
            var block = new SampleBlock(TestSnapshot.Window.ChannelCount, Stride);
            await sensor.ReadAsync(block, TestContext.Current.CancellationToken);
            block.FirstSample = first;
            windower.Push(block, pool, cut, static (list, window) => list.Add(window));
        }

        foreach (var (prediction, window) in told.Zip(cut))
        {
            var score = alone.Score(window.Samples);
            int answer = UnknownRule.Answer(alone, 0, score, s_settings, out float ratio);
            Assert.True(ratio > 0);
            Assert.Equal(ratio, prediction.NoveltyRatio, 1e-4f * Math.Max(1, ratio));
            if (Math.Abs(ratio - 1) > 1e-3) Assert.Equal(answer < 0 ? Prediction.Unknown : TestSnapshot.Classes[answer], prediction.Class);
            if (prediction.Class != Prediction.Unknown) Assert.Equal(score.Confidence, prediction.Confidence, 1e-6f);
            Assert.Equal(score.Novelty, prediction.Novelty, 1e-6f);
        }
    }

    /// <summary>Runs the stages while <paramref name="consume"/> takes predictions: so many, into a list where there is one.</summary>
    private async Task RunAsync(bool hasBacklog, Func<Func<int, List<Prediction>?, ValueTask>, Task> consume)
    {
        var (blocks, windows) = (new SampleBlockPool(TestSnapshot.Window.ChannelCount, Stride), new WindowPool(TestSnapshot.Window));
        var flows = new Flows(lossless: hasBacklog, state, blocks, windows);
        var lifetime = new ApplicationLifetime(NullLogger<ApplicationLifetime>.Instance);
        var turns = hasBacklog ? null : Channel.CreateBounded<bool>(4);
        using var slot = new ReadOutSlot();
        var classifier = Open(ClassifierStage.LargestBatch);
        slot.Swap(classifier, new PublishedReadOut(ReadOut(classifier), null!, null!, null));
        var (ring, live) = (new WindowRing(512, TestSnapshot.Window), StageDrift.Live(s_settings, TestSnapshot.Classes));
        using var sensing = new SensorStage(new Waves(turns?.Reader), new SensorSection { Speed = 0 }, flows, blocks, new Nobody(), ClassNames.Same, TimeProvider.System, faults, lifetime);
        using var windowing = new WindowingStage(new Windower(TestSnapshot.Window, Stride, 1), flows, blocks, windows, state, faults, lifetime);
        using var classifying = new ClassifierStage(flows, windows, ring, slot, live, StageDrift.Of(TestSnapshot.Window, TestSnapshot.Classes, live, ring, state), state, faults, lifetime);
        foreach (var stage in new Stage[] { classifying, windowing, sensing }) await stage.StartAsync(TestContext.Current.CancellationToken);

        await consume(TakeAsync);
        lifetime.StopApplication();
        turns?.Writer.TryComplete(new OperationCanceledException());
        foreach (var stage in new Stage[] { sensing, windowing, classifying }) await stage.StopAsync(TestContext.Current.CancellationToken);
        Assert.Null(faults.First);
        Assert.Equal(0, state.WindowsDropped);

        [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
        async ValueTask TakeAsync(int count, List<Prediction>? into)
        {
            for (int i = 0; i < count;)
            {
                turns?.Writer.TryWrite(true);
                Assert.True(await flows.Predictions.Reader.WaitToReadAsync(CancellationToken.None));
                for (; i < count && flows.Predictions.Reader.TryRead(out var prediction); i++)
                {
                    into?.Add(prediction);
                    flows.InFlight.Leave();
                }
            }
        }
    }

    private Classifier Open(int batchSize)
    {
        var classifier = new ProviderChain(s_settings) { Maker = new SharedBatches() }.Open(new GraphFile(TestSnapshot.WriteFrozen(data)), TestSnapshot.Manifest, batchSize, threadCount: 2);
        classifier.Use(ReadOut(classifier));
        return classifier;
    }

    private static EncodedWindows Encoded(Classifier classifier, int firstSeed) =>
        AnchorExam.Encode(classifier, Enumerable.Range(0, 90).Select(i => ((ReadOnlyMemory<float>)TestSnapshot.WindowOf(TestSnapshot.Classes[i % 3], firstSeed + i), TestSnapshot.Classes[i % 3])));

    /// <summary>Prototypes, and novelty calibrated over the frozen features, as a device has them once it has learnt.</summary>
    private static ReadOutWeights ReadOut(Classifier classifier)
    {
        var counted = Encoded(classifier, firstSeed: 1);
        var bank = new PrototypeBank(TestSnapshot.Manifest.Id, 128);
        for (int i = 0; i < counted.Classes.Count; i++) bank.Add(counted.Classes[i], counted.EmbeddingOf(i));
        var statistics = new ClassStatistics(classifier.FrozenBankId!, classifier.FrozenLength);
        statistics.Add(counted.Classes, counted.Frozen);
        var prototypes = bank.ToMatrix(TestSnapshot.Classes);
        var calibration = NoveltyExam.Of(Encoded(classifier, firstSeed: 1000), prototypes, statistics, TestSnapshot.Classes, falseAlarmPercent: 2);
        Assert.NotNull(calibration!.Metric); // The distance over the frozen features is a part of the way.
        return ReadOutWeights.OfPrototypes(prototypes, classifier.FrozenLength) with { Calibration = calibration };
    }

    /// <summary>Waves whose frequency changes slowly, a stride in a block; the next when it is its turn.</summary>
    private sealed class Waves(ChannelReader<bool>? turns) : ISensor
    {
        private long sample;

        public IReadOnlyList<string> Channels { get; } = ["x", "y", "z"];

        public double SampleRateHz => TestSnapshot.Window.SampleRateHz;

        public int BlockCapacity => Stride;

        [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
        public async ValueTask<SensorReading> ReadAsync(SampleBlock block, CancellationToken cancel)
        {
            cancel.ThrowIfCancellationRequested();
            if (turns is not null && sample > Stride) await turns.ReadAsync(CancellationToken.None);
            block.SampleCount = Stride;
            block.StartSeconds = sample / SampleRateHz;
            block.Truth = "slow";
            for (int channel = 0; channel < Channels.Count; channel++)
                for (int i = 0; i < Stride; i++)
                    block.Channel(channel)[i] = (float)((channel + 1) * Math.Sin(2 * Math.PI * (sample + i) * (1 + (sample + i) % 4096 / 1024.0) / 32));
            sample += Stride;
            return SensorReading.Block;
        }
    }

    private sealed class Nobody : IStreamObserver
    {
        public Task StepEndedAsync(int step, CancellationToken cancel) => Task.CompletedTask;

        public Task StreamEndedAsync(CancellationToken cancel) => Task.CompletedTask;
    }
}
