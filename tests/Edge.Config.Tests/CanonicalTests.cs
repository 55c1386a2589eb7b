using System.Security.Cryptography;

namespace Edge.Config.Tests;

public class CanonicalTests
{
    [Theory]
    [InlineData("""{"window":{"stride":32},"sensor":{"speed":0}}""")]
    [InlineData("""{"sensor":{"speed":-0.0},"window":{"stride":3.2e1}}""")]
    [InlineData("""{ /* same */ "sensor":{"speed":0e5,"seed":1,},"window":{"length":128,"stride":32.0}}""")]
    public void Documents_of_one_effect_have_one_hash(string json) =>
        Assert.Equal(Verdicts.Of("""{"sensor":{"speed":0},"window":{"stride":32}}""").Hash, Verdicts.Of(json).Hash);

    [Fact]
    public void The_order_of_chosen_keys_means_nothing_and_does_not_change_the_hash()
    {
        ConfigVerdict one = Verdicts.Of("""{"telemetry":{"forgettingAlarmByClass":{"walking":5,"sitting":-0.0}}}"""), other = Verdicts.Of("""{"telemetry":{"forgettingAlarmByClass":{"sitting":0,"walking":5}}}""");

        Assert.Equal(one.Hash, other.Hash);
        Assert.NotEqual(one.Hash, Verdicts.Of("{}").Hash);
        Assert.Equal([("sitting", 0.0), ("walking", 5.0)], one.Config!.Telemetry.ForgettingAlarmByClass.Select(limit => (limit.Key, limit.Value)));
    }

    [Fact]
    public void The_order_of_changed_names_means_nothing_and_does_not_change_the_hash() => Assert.Equal(
        Verdicts.Of("""{"labels":{"renamed":{"idle":"sitting","a":"laying"}}}""").Hash, Verdicts.Of("""{"labels":{"renamed":{"a":"laying","idle":"sitting"}}}""").Hash);

    [Fact]
    public void The_hash_is_the_SHA_256_of_the_canonical_bytes()
    {
        ConfigVerdict verdict = Verdicts.Of("{}");

        Assert.Equal(Convert.ToHexString(SHA256.HashData(verdict.CanonicalUtf8)).ToLowerInvariant(), verdict.Hash);
        Assert.NotEqual(verdict.Hash, Verdicts.Of("""{"window":{"stride":32}}""").Hash);
    }

    [Fact]
    public void The_canonical_form_reads_back_to_itself()
    {
        ConfigVerdict verdict = Verdicts.Of("""{"device":{"dataDirectory":"/mnt/Größe+1 \"x\""},"promotion":{"maxParityError":1e-7},"sensor":{"speed":0.1}}""");
        ConfigVerdict again = DeviceConfigReader.Read(verdict.CanonicalUtf8, "canonical");

        Assert.True(again.IsValid, again.ToString());
        Assert.Equal(verdict.CanonicalUtf8, again.CanonicalUtf8);
        Assert.Equal(1e-7, again.Config!.Promotion.MaxParityError);
        Assert.Equal("/mnt/Größe+1 \"x\"", again.Config.Device.DataDirectory);
    }

    [Fact]
    public void Lists_of_three_read_back_to_themselves_and_cannot_be_changed_behind_the_record()
    {
        ConfigVerdict verdict = Verdicts.Of("""{"training":{"augmentation":{"triaxialGroups":[[2,1,0]]}}}""");
        ConfigVerdict again = DeviceConfigReader.Read(verdict.CanonicalUtf8, "canonical");

        Assert.Equal(verdict.Hash, again.Hash);
        Assert.Equal([[2, 1, 0]], again.Config!.Training.Augmentation.TriaxialGroups);
        var group = (IList<int>)again.Config.Training.Augmentation.TriaxialGroups[0];
        Assert.Throws<NotSupportedException>(() => group[0] = 5);
    }

    [Fact]
    public void Lists_that_are_read_cannot_be_changed_behind_the_record()
    {
        var classes = (IList<string>)Verdicts.Of("""{"inference":{"providers":["cpu"]}}""").Config!.Inference.Providers;

        Assert.Throws<NotSupportedException>(() => classes[0] = "cuda");
    }
}
