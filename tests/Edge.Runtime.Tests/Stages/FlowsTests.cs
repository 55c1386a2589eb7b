using Edge.Runtime.Sensors;
using Edge.Runtime.Stages;
using Edge.Runtime.Windowing;
using Edge.Storage;

namespace Edge.Runtime.Tests.Stages;

/// <summary>How much of a live stream its queues hold while nobody reads.</summary>
public sealed class FlowsTests
{
    private static readonly WindowShape s_shape = new(1, 2, 50);

    [Theory]
    [InlineData(0, 8)]
    [InlineData(0.78, 8)]
    [InlineData(15.625, 32)]
    [InlineData(1e9, 256)]
    public void Two_seconds_of_windows_wait_and_then_the_oldest_is_dropped_and_counted(double perSecond, int held)
    {
        var state = new ServiceState(TimeProvider.System);
        var pool = new WindowPool(s_shape);
        var flows = new Flows(lossless: false, state, new SampleBlockPool(1, 1), pool, 0, perSecond);
        for (int i = 0; i < held; i++) Assert.True(Write((ulong)i));
        Assert.Equal((held, 0L), (flows.Windows.Reader.Count, state.WindowsDropped));
        Assert.True(Write((ulong)held));
        Assert.Equal((held, 1L), (flows.Windows.Reader.Count, state.WindowsDropped));
        Assert.True(flows.Windows.Reader.TryRead(out var oldest));
        Assert.Equal(1UL, oldest.Id);

        bool Write(ulong id)
        {
            var window = pool.Rent();
            window.Id = id;
            return flows.Windows.Writer.TryWrite(window);
        }
    }

    [Fact]
    public void Blocks_and_predictions_are_held_for_as_long()
    {
        var state = new ServiceState(TimeProvider.System);
        var blocks = new SampleBlockPool(1, 1);
        var flows = new Flows(lossless: false, state, blocks, new WindowPool(s_shape), blocksPerSecond: 62.5, windowsPerSecond: 20);
        for (int i = 0; i < 200; i++)
        {
            Assert.True(flows.Blocks.Writer.TryWrite(blocks.Rent()));
            Assert.True(flows.Predictions.Writer.TryWrite(default!));
        }

        Assert.Equal((125, 40), (flows.Blocks.Reader.Count, flows.Predictions.Reader.Count));
        Assert.Equal(0, state.WindowsDropped); // What a lost block costs is the windower's to say.
    }

    [Fact]
    public void A_lossless_stream_waits()
    {
        var state = new ServiceState(TimeProvider.System);
        var pool = new WindowPool(s_shape);
        var flows = new Flows(lossless: true, state, new SampleBlockPool(1, 1), pool);
        for (int i = 0; i < 8; i++) Assert.True(flows.Windows.Writer.TryWrite(pool.Rent()));
        Assert.False(flows.Windows.Writer.TryWrite(pool.Rent()));
        Assert.Equal(0, state.WindowsDropped);
    }
}
