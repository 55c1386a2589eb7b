using Edge.Config;
using Edge.Runtime.Inference;
using Edge.Runtime.Snapshots;
using Edge.Trainer.Onnx;

namespace Edge.Runtime.Tests.Inference;

/// <summary>A graph that has everything by name and not by shape is refused with what is wrong, whoever brings it: nothing else than that comes out of it.</summary>
public sealed class MisshapenGraphTests : IDisposable
{
    private static readonly InferenceSection s_settings = new() { Providers = ["cpu"] };
    private readonly DataFolder data = new();

    public void Dispose() => data.Dispose();

    public static TheoryData<string, string[], string> Shapes => new()
    {
        { "frozen", ["4"], "output 'frozen' is [4], expected [batch, 1 to 16384]" },
        { "frozen", ["batch", "features"], "output 'frozen' is [batch, features], expected [batch, 1 to 16384]" },
        { "frozen", ["batch", "0"], "output 'frozen' is [batch, 0], expected [batch, 1 to 16384]" },
        { "frozen", ["batch", "16385"], "output 'frozen' is [batch, 16385], expected [batch, 1 to 16384]" },
        { "frozen", ["batch", "4", "1"], "output 'frozen' is [batch, 4, 1], expected [batch, 1 to 16384]" },
        { "embedding", ["batch", "16385"], "output 'embedding' is [batch, 16385], expected [batch, 1 to 16384]" },
        { "similarity", ["batch"], "output 'similarity' is [batch], expected [batch, classes]" },
        { "novelty", ["batch", "1"], "output 'novelty' is [batch, 1], expected [batch]" },
        { "temperature", ["2"], "input 'temperature' is [2], expected [1]" },
    };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void A_graph_of_other_shapes_is_refused_by_name_and_shape(string tensor, string[] shape, string says)
    {
        string file = Write(tensor, shape);
        string message = Assert.Throws<InvalidDataException>(() => Classifier.Open(file, TestSnapshot.Manifest, s_settings).Dispose()).Message;
        Assert.Equal($"{file} is no classifier of this version: its {says}. Export it again with this version.", message);
        var reasons = new List<string>();
        var config = new DeviceConfig { Inference = s_settings, Labels = new LabelsSection { Classes = TestSnapshot.Classes } };
        Assert.Null(CandidateCheck.Contract(file, config, TestSnapshot.Manifest, DateTimeOffset.UnixEpoch, reasons));
        Assert.Contains($"contract: {message}", reasons);
    }

    [Fact]
    public void The_same_graph_with_the_right_shapes_passes_what_is_asked_of_shapes()
    {
        string file = Write("", []);
        Assert.DoesNotContain("expected [", Record.Exception(() => Classifier.Open(file, TestSnapshot.Manifest, s_settings).Dispose())?.Message ?? "");
    }

    /// <summary>A graph with the names of a classifier whose outputs are copies of inputs, so that any shape may be declared.</summary>
    private string Write(string tensor, string[] shape)
    {
        var graph = new OnnxGraph("other");
        OnnxDim[] Of(string name, params string[] usual) => [.. (name == tensor ? shape : usual).Select(axis => long.TryParse(axis, out long size) ? OnnxDim.Of(size) : OnnxDim.Of(axis))];
        graph.Input("window", Of("window", "batch", "3", "32"));
        graph.Input("prototypes", Of("prototypes", "classes", "128"));
        graph.Input("class_bias", Of("class_bias", "classes"));
        graph.Input("temperature", Of("temperature", "1"));
        foreach (string name in new[] { "readout_share", "readout_bias", "readout_rare", "nearness_bias" }) graph.Input(name, Of(name, name + "_rows"));
        graph.Input("readout_embedding", Of("readout_embedding", "embedding_rows", "128"));
        foreach (string name in new[] { "readout_frozen", "nearness_frozen" }) graph.Input(name, Of(name, name + "_rows", "4"));
        foreach (var (name, usual) in new (string, string[])[] { ("embedding", ["batch", "128"]), ("similarity", ["batch", "classes"]), ("probability", ["batch", "classes"]), ("novelty", ["batch"]), ("frozen", ["batch", "4"]) })
            graph.Output(name, graph.Node($"copy_{name}", "Identity", [graph.Input($"{name}_given", Of(name, usual))], Of(name, usual)));
        File.WriteAllBytes(data["other.onnx"], graph.ToBytes("edge", "0", new SortedDictionary<string, string>(StringComparer.Ordinal) { ["windowChannels"] = "3", ["windowLength"] = "32", ["sampleRateHz"] = "50", ["frozenBank"] = "b" }));
        return data["other.onnx"];
    }
}
