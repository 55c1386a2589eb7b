using System.Text.Json;
using Edge.Storage;
using Edge.Trainer.Backbones;
using Edge.Trainer.Onnx;
using Edge.Trainer.Onnx.Protocol;
using Edge.Trainer.Rounds;
using Google.Protobuf.Reflection;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Edge.Trainer.Tests.Onnx;

/// <summary>The files as another implementation of the specification reads them.</summary>
[Collection(TorchGeneratorCollection.Name)]
public class IndependentReaderTests
{
    // Checks a file, infers every shape from the inputs alone, and returns what was read and where an inferred shape or type is not the written one.
    private const string CheckFunction = """
        import glob, json, re, sys, onnx
        from onnx import checker, helper, numpy_helper, shape_inference
        def check(path):
            data = open(path, "rb").read()
            model = onnx.load_model_from_string(data)
            checker.check_model(model, full_check=True)
            model.DiscardUnknownFields()
            dims = lambda v: [d.dim_param or d.dim_value for d in v.type.tensor_type.shape.dim]
            described = lambda v: [v.type.tensor_type.elem_type, dims(v)]
            written = {v.name: described(v) for v in list(model.graph.value_info) + list(model.graph.output)}
            bare = onnx.load_model_from_string(data)
            del bare.graph.value_info[:]
            for o in bare.graph.output: o.type.tensor_type.ClearField("shape")
            inferred = shape_inference.infer_shapes(bare, check_type=True, strict_mode=True, data_prop=True).graph
            inferred = {v.name: described(v) for v in list(inferred.value_info) + list(inferred.output)}
            def same(a, b): return a[0] == b[0] and len(a[1]) == len(b[1]) and all(x == y or str(y).startswith("unk__") for x, y in zip(a[1], b[1]))
            used = {name for n in model.graph.node for name in n.output if name and not re.search(r"/discarded(_\d+)?$", name)}
            return {
                "known": model.SerializeToString() == data, "unstated": sorted(used - set(written)),
                "ir": model.ir_version, "opset": [[o.domain, o.version] for o in model.opset_import], "producer": model.producer_name, "graph": model.graph.name,
                "metadata": {p.key: p.value for p in model.metadata_props},
                "inputs": {v.name: dims(v) for v in model.graph.input}, "outputs": {v.name: dims(v) for v in model.graph.output},
                "nodes": [[n.op_type, {a.name: helper.get_attribute_value(a) for a in n.attribute if a.type != 3}] for n in model.graph.node],
                "tensors": {t.name: [list(t.dims), float(numpy_helper.to_array(t).flatten()[0]) if numpy_helper.to_array(t).size else None] for t in model.graph.initializer},
                "wrong": [[n, written[n], inferred.get(n)] for n in written if n not in inferred or not same(written[n], inferred[n])],
            }

        """;

    internal const string CheckScript = CheckFunction + "print(json.dumps(check(sys.argv[1])))";

    // All files of a folder: [name, what is wrong].
    internal const string CheckFolderScript = CheckFunction + """
        def verdict(path):
            try:
                read = check(path)
                return "" if read["known"] and not read["wrong"] and not read["unstated"] else json.dumps([read["known"], read["wrong"], read["unstated"]])
            except Exception as e: return str(e)
        print(json.dumps({p.rsplit("/", 1)[1]: verdict(p) for p in sorted(glob.glob(sys.argv[1] + "/*.onnx"))}))
        """;

    private const string DescriptorScript = """
        import json
        from onnx import onnx_ml_pb2 as p
        def walk(d, found):
            found[d.name] = {f.name: [f.number, f.type, f.label == 3] for f in d.fields}
            for e in d.enum_types: found[d.name + "." + e.name] = {v.name: [v.number] for v in e.values}
            for n in d.nested_types: walk(n, found)
            return found
        found = {}
        for d in p.DESCRIPTOR.message_types_by_name.values(): walk(d, found)
        print(json.dumps(found))
        """;

    [Fact]
    public void Every_field_and_enum_value_of_our_messages_is_the_specification_s()
    {
        PythonOnnx.SkipUnlessThere();
        var theirs = PythonOnnx.Read([], DescriptorScript);
        int compared = 0;
        foreach (var message in OnnxReflection.Descriptor.MessageTypes) Compare(message);
        Assert.InRange(compared, 60, int.MaxValue);

        void Compare(MessageDescriptor message)
        {
            foreach (var field in message.Fields.InDeclarationOrder())
            {
                var their = theirs.GetProperty(message.Name).GetProperty(field.Name);
                Assert.Equal($"{field.Name} = {their[0]}, type {their[1]}, repeated {their[2].GetBoolean()}", $"{field.Name} = {field.FieldNumber}, type {WireCode(field.FieldType)}, repeated {field.IsRepeated}");
                compared++;
            }

            foreach (var kind in message.EnumTypes)
            {
                foreach (var value in kind.Values)
                {
                    Assert.Equal(theirs.GetProperty($"{message.Name}.{kind.Name}").GetProperty(value.Name)[0].GetInt32(), value.Number);
                    compared++;
                }
            }

            foreach (var nested in message.NestedTypes) Compare(nested);
        }
    }

    [Fact]
    public void The_classifier_graph_passes_the_full_check_and_is_read_back_as_written()
    {
        PythonOnnx.SkipUnlessThere();
        manual_seed(2);
        using var backbone = new TscilCnn(9);
        var options = new ClassifierGraphOptions { Window = new WindowShape(9, 128, 50), Classes = ["sitting", "眠る"], Temperature = 0.1, Metadata = new Dictionary<string, string> { ["snapshot"] = "s1" } };
        var read = PythonOnnx.Read(ClassifierGraph.Write(backbone, options), CheckScript);

        Assert.True(read.GetProperty("known").GetBoolean(), "python-onnx met fields that it does not know, or writes the same content as other bytes.");
        Assert.Equal("[]", read.GetProperty("wrong").GetRawText());
        Assert.Equal(OnnxGraph.IrVersion, read.GetProperty("ir").GetInt64());
        Assert.Equal($"""[["", {OnnxGraph.OpsetVersion}]]""", read.GetProperty("opset").GetRawText());
        Assert.Equal("edge", read.GetProperty("producer").GetString());
        Assert.Equal(["sitting", "眠る"], JsonSerializer.Deserialize<string[]>(read.GetProperty("metadata").GetProperty("classes").GetString()!)!);
        Assert.Equal("s1", read.GetProperty("metadata").GetProperty("snapshot").GetString());
        Assert.Equal("""{"window": ["batch", 9, 128], "prototypes": ["classes", 128], "class_bias": ["classes"], "temperature": [1], "readout_share": ["share_rows"], "readout_embedding": ["embedding_rows", 128], "readout_bias": ["bias_rows"], "readout_rare": ["rare_rows"]}""", read.GetProperty("inputs").GetRawText());
        Assert.Equal(
            """{"embedding": ["batch", 128], "similarity": ["batch", "classes"], "probability": ["batch", "classes"], "novelty": ["batch"]}""", read.GetProperty("outputs").GetRawText());

        var weight = read.GetProperty("tensors").GetProperty("backbone.layers.conv1.weight");
        Assert.Equal("[128, 64, 1, 5]", weight[0].GetRawText());
        using var first = backbone.state_dict()["layers.conv1.weight"].flatten()[0];
        Assert.Equal(first.item<float>(), weight[1].GetSingle());
        Assert.Equal("[2, 128]", read.GetProperty("tensors").GetProperty("prototypes")[0].GetRawText());
        Assert.Equal(0.1f, read.GetProperty("tensors").GetProperty("temperature")[1].GetSingle());

        var conv = read.GetProperty("nodes").EnumerateArray().First(node => node[0].GetString() == "Conv")[1];
        Assert.Equal("""{"kernel_shape": [1, 5], "pads": [0, 2, 0, 2]}""", conv.GetRawText());
    }

    [Fact]
    public void A_classifier_with_a_frozen_branch_passes_the_full_check_too()
    {
        PythonOnnx.SkipUnlessThere();
        manual_seed(2);
        using var backbone = new TscilCnn(9);
        var options = new ClassifierGraphOptions { Window = new WindowShape(9, 128, 50), Classes = ["sitting", "standing"], Temperature = 0.1, FrozenFeatures = 737 };
        var read = PythonOnnx.Read(ClassifierGraph.Write(backbone, options), CheckScript);
        Assert.True(read.GetProperty("known").GetBoolean());
        Assert.Equal("[]", read.GetProperty("wrong").GetRawText());
        Assert.Equal("""["batch", 737]""", read.GetProperty("outputs").GetProperty("frozen").GetRawText());
        Assert.Equal("""["frozen_rows", 737]""", read.GetProperty("inputs").GetProperty("readout_frozen").GetRawText());
    }

    [Fact]
    public void Every_kind_of_node_passes_the_full_check_with_the_shapes_that_were_written()
    {
        PythonOnnx.SkipUnlessThere();
        manual_seed(4);
        using var network = Sequential(
            ("reflect", Conv1d(6, 8, 5, padding: 2, padding_mode: PaddingModes.Reflect)),
            ("batchNorm", BatchNorm1d(8)),
            ("gelu", GELU()),
            ("same", Conv1d(8, 12, 4, Padding.Same, stride: 1, dilation: 2, groups: 2, bias: false)),
            ("tanhGelu", GELU(TorchSharp.Modules.GELU.Approximate.tanh)),
            ("max", MaxPool1d(3, stride: 2, ceil_mode: true)),
            ("silu", SiLU()),
            ("channelNorm", new ChannelLayerNorm(12)),
            ("average", AvgPool1d(2, stride: 1, padding: 1)),
            ("layerNorm", LayerNorm(17, elementwise_affine: false)),
            ("time", Linear(17, 10)),
            ("sigmoid", Sigmoid()),
            ("half", AdaptiveAvgPool1d(5)),
            ("drop", Dropout(0.5)),
            ("one", AdaptiveAvgPool1d(1)),
            ("flat", Flatten()),
            ("tanh", Tanh()),
            ("head", Linear(12, 3, hasBias: false)));
        byte[] file = Parity.BackboneTranslatorsAdded().ToBytes(network, ["batch", 6, 33], "test", "0");
        var read = PythonOnnx.Read(file, CheckScript);
        Assert.Equal("[]", read.GetProperty("wrong").GetRawText());
        Assert.True(read.GetProperty("known").GetBoolean());
        Assert.Equal("""{"output": ["batch", 3]}""", read.GetProperty("outputs").GetRawText());
        Parity.Holds(network, [6, 33], 3);
    }

    [Theory]
    [InlineData("MlpBackbone", 24, 1)]
    [InlineData("ResNet1d", 9, 128)]
    [InlineData("TimeSeriesTransformer", 9, 128)]
    public void Every_backbone_passes_the_full_check_with_the_shapes_that_were_written(string name, int channelCount, int length)
    {
        PythonOnnx.SkipUnlessThere();
        manual_seed(5);
        using var backbone = BackboneCatalogue.Create(name, channelCount, length);
        var read = PythonOnnx.Read(Parity.BackboneTranslatorsAdded().ToBytes(backbone, ["batch", channelCount, length], "test", "0"), CheckScript);
        Assert.Equal("[]", read.GetProperty("wrong").GetRawText());
        Assert.True(read.GetProperty("known").GetBoolean());
        Assert.Equal("""{"output": ["batch", 128]}""", read.GetProperty("outputs").GetRawText());
    }

    // google.protobuf.FieldDescriptorProto.Type.
    private static int WireCode(FieldType type) => type switch
    {
        FieldType.Float => 2,
        FieldType.Int64 => 3,
        FieldType.Int32 => 5,
        FieldType.String => 9,
        FieldType.Message => 11,
        FieldType.Bytes => 12,
        FieldType.Enum => 14,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "a type that our messages do not use"),
    };
}
