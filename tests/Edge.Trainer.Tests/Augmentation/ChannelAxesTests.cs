using Edge.Storage;
using Edge.Trainer.Augmentation;

namespace Edge.Trainer.Tests.Augmentation;

/// <summary>What names say of axes.</summary>
public class ChannelAxesTests
{
    [Fact]
    public void The_archive_of_activities_has_three_sensors_with_axes() => Assert.Equal([[0, 1, 2], [3, 4, 5], [6, 7, 8]], ChannelAxes.Of(UciHarArchive.Channels));

    [Fact]
    public void Axes_may_stand_in_any_order_and_between_other_channels() => Assert.Equal([[4, 1, 0]], ChannelAxes.Of(["Acc Z", "acc y", "temperature", "humidity", "ACC X"]));

    [Theory]
    [InlineData("pressure", "temperature", "humidity")]
    [InlineData("acc_x", "acc_y", "gyro_z")]
    [InlineData("acc_x", "acc_y", "acc_y")]
    [InlineData("acc_x", "acc_y", "")]
    [InlineData("box", "boy", "boz2")]
    public void Names_that_are_not_alike_but_for_x_y_and_z_are_no_axes(string first, string second, string third) => Assert.Empty(ChannelAxes.Of([first, second, third]));

    [Fact]
    public void No_names_tell_nothing() => Assert.Empty(ChannelAxes.Of([]));

    [Theory]
    [InlineData(6, 2)]
    [InlineData(4, 0)]
    public void Consecutive_triples_need_a_multiple_of_three(int channels, int groups) => Assert.Equal(groups, ChannelAxes.Consecutive(channels).Count);
}
