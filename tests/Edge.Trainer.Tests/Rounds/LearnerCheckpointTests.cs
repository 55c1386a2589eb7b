using Edge.Trainer.Backbones;
using Edge.Trainer.Rounds;
using static TorchSharp.torch;

namespace Edge.Trainer.Tests.Rounds;

public sealed class LearnerCheckpointTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("edge-checkpoint-");

    [Fact]
    public void A_checkpoint_gives_back_the_same_learner()
    {
        using var net = Net(["a", "b", "c"], seed: 1);
        net.TrainedStepCount = 77;
        string file = Written(LearnerCheckpoint.ToBytes(net));
        manual_seed(2);
        using var again = LearnerCheckpoint.Read(file, ["a", "b", "c"]);
        Assert.Equal(77, again.TrainedStepCount);
        Assert.Equal(LearnerCheckpoint.ToBytes(net), LearnerCheckpoint.ToBytes(again));
        using var window = randn(1, 3, 64);
        Assert.True(net.Backbone.forward(window).Equals(again.Backbone.forward(window)));
    }

    [Fact]
    public void Another_class_list_takes_over_known_rows_by_name_and_keeps_the_rest()
    {
        using var net = Net(["a", "b"], seed: 1);
        string file = Written(LearnerCheckpoint.ToBytes(net));
        using var again = LearnerCheckpoint.Read(file, ["new", "b", "a"]);
        Assert.Equal(3, again.Head.Weight.shape[0]);
        Assert.True(again.Head.Weight[2].Equals(net.Head.Weight[0]));
        Assert.True(again.Head.Weight[1].Equals(net.Head.Weight[1]));
        Assert.All(net.Backbone.parameters().Zip(again.Backbone.parameters()), pair => Assert.True(pair.First.Equals(pair.Second)));
    }

    [Fact]
    public void The_first_bytes_are_pinned()
    {
        using var net = Net(["a", "b"], seed: 1);
        byte[] bytes = LearnerCheckpoint.ToBytes(net);
        byte[] expected = [.. "EDGC"u8, 2, 0, 0, 0, 8, .. "TscilCnn"u8, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 1, (byte)'a', 1, (byte)'b'];
        Assert.Equal(expected, bytes[..expected.Length]);
    }

    [Fact]
    public void A_file_of_version_1_is_read()
    {
        using var net = Net(["a", "b"], seed: 1);
        byte[] now = LearnerCheckpoint.ToBytes(net);
        const int lengthAt = 4 + 4 + 1 + 8 + 4;
        byte[] then = [.. now[..lengthAt], .. now[(lengthAt + 4)..]];
        then[4] = 1;
        BitConverter.GetBytes(Edge.Storage.Crc32C.Of(then.AsSpan(0, then.Length - 4))).CopyTo(then, then.Length - 4);
        manual_seed(2);
        using var again = LearnerCheckpoint.Read(Written(then), ["a", "b"]);
        Assert.Equal(now, LearnerCheckpoint.ToBytes(again));
    }

    [Theory]
    [InlineData("MlpBackbone", 24, 1)]
    [InlineData("MlpBackbone", 3, 10)]
    [InlineData("ResNet1d", 9, 32)]
    [InlineData("TimeSeriesTransformer", 9, 32)]
    [InlineData("TscilCnn", 9, 32)]
    public void Every_backbone_comes_back_with_its_weights_and_its_input_scale(string name, int channelCount, int length)
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var net = new LearnerNet(BackboneCatalogue.Create(name, channelCount, length), ["a", "b"]);
        var windows = randn(4, channelCount, length) * 100 + 30;
        net.Backbone.FitInput(windows);
        byte[] bytes = LearnerCheckpoint.ToBytes(net);
        manual_seed(2);
        var again = LearnerCheckpoint.Read(Written(bytes), ["a", "b"]);
        Assert.Equal(bytes, LearnerCheckpoint.ToBytes(again));
        Assert.True(net.Backbone.forward(windows).Equals(again.Backbone.forward(windows)));
        Assert.Equal(net.Backbone.FixedLength, again.Backbone.FixedLength);
        if (name == nameof(MlpBackbone)) Assert.Contains("backbone.layers.scale.deviation", net.state_dict().Keys);
    }

    [Theory]
    [InlineData(3, "is not a checkpoint")]
    [InlineData(11, "is not a checkpoint")]
    [InlineData(12, "fails its checksum")]
    [InlineData(100_000, "fails its checksum")]
    [InlineData(-1, "fails its checksum")]
    public void A_torn_checkpoint_is_named_with_a_remedy(int length, string what)
    {
        using var net = Net(["a", "b"], seed: 1);
        byte[] bytes = LearnerCheckpoint.ToBytes(net);
        string file = Written(bytes[..(length < 0 ? bytes.Length + length : length)]);
        var e = Assert.Throws<InvalidDataException>(() => LearnerCheckpoint.Read(file, ["a", "b"]));
        Assert.StartsWith($"{file} {what}", e.Message, StringComparison.Ordinal);
        Assert.EndsWith("Restore the snapshot that it belongs to, or remove it to begin with an untrained one.", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_flipped_bit_is_found()
    {
        using var net = Net(["a", "b"], seed: 1);
        byte[] bytes = LearnerCheckpoint.ToBytes(net);
        bytes[bytes.Length / 2] ^= 4;
        Assert.Contains("fails its checksum", Assert.Throws<InvalidDataException>(() => LearnerCheckpoint.Read(Written(bytes), ["a", "b"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_of_something_else_and_of_another_version_are_refused()
    {
        Assert.Contains("does not begin with EDGC", Assert.Throws<InvalidDataException>(() => LearnerCheckpoint.Read(Written(new byte[4096]), ["a"])).Message, StringComparison.Ordinal);
        byte[] later = [.. "EDGC"u8, 9, 0, 0, 0, 1, 2, 3, 4];
        Assert.Contains("has version 9, this program reads 1 and 2", Assert.Throws<InvalidDataException>(() => LearnerCheckpoint.Read(Written(later), ["a"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_backbone_that_is_unknown_is_named()
    {
        using var net = Net(["a"], seed: 1);
        byte[] bytes = LearnerCheckpoint.ToBytes(net);
        bytes[9] = (byte)'X';
        BitConverter.GetBytes(Edge.Storage.Crc32C.Of(bytes.AsSpan(0, bytes.Length - 4))).CopyTo(bytes, bytes.Length - 4);
        Assert.Contains("Backbone 'XscilCnn' is unknown", Assert.Throws<InvalidDataException>(() => LearnerCheckpoint.Read(Written(bytes), ["a"])).Message, StringComparison.Ordinal);
    }

    public void Dispose() => folder.Delete(recursive: true);

    private static LearnerNet Net(IReadOnlyList<string> classes, int seed)
    {
        manual_seed(seed);
        return new LearnerNet(new TscilCnn(3), classes);
    }

    private string Written(byte[] bytes)
    {
        string file = Path.Combine(folder.FullName, Guid.NewGuid().ToString("N"));
        File.WriteAllBytes(file, bytes);
        return file;
    }
}
