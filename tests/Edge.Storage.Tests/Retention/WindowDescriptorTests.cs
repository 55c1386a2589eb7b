namespace Edge.Storage.Tests.Retention;

public class WindowDescriptorTests
{
    [Fact]
    public void Mean_deviation_and_roughness_of_each_channel() =>
        Assert.Equal([2.5f, MathF.Sqrt(1.25f), 1, 0, 2, 4, 7, 0, 0], WindowDescriptor.Of([1, 2, 3, 4, 2, -2, 2, -2, 7, 7, 7, 7], 3));

    [Fact]
    public void A_feature_vector_describes_itself() => Assert.Equal([1, 0, 3, 0], WindowDescriptor.Of([1, float.NaN, 3, float.PositiveInfinity], 4));

    [Fact]
    public void A_channel_that_is_not_finite_counts_as_0_and_the_others_as_they_are() => Assert.Equal([0, 0, 0, 5, 0, 0], WindowDescriptor.Of([1, float.NaN, 3, 5, 5, 5], 2));

    [Theory]
    [InlineData(5)]
    [InlineData(0)]
    public void Values_that_are_no_multiple_of_the_channels_are_one_channel(int channels) => Assert.Equal(3, WindowDescriptor.Of([1, 2, 3, 4, 5, 6, 7], channels).Length);

    [Fact]
    public void An_empty_window_has_no_features() => Assert.Empty(WindowDescriptor.Of([], 3));

    [Fact]
    public void Values_near_the_limit_of_float32_give_finite_features() => Assert.All(WindowDescriptor.Of([3e38f, 3e38f, -3e38f, 3e38f], 1), value => Assert.True(float.IsFinite(value)));
}
