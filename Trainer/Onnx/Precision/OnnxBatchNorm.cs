using System.Runtime.InteropServices;
using Edge.Trainer.Onnx.Protocol;
using Google.Protobuf.Collections;

namespace Edge.Trainer.Onnx.Precision;

/// <summary>
/// Folds batch normalisations into the convolution or linear layer before them. With γ, β, μ, v of the normalisation, per output channel: W' = W γ / √(v + ε), b' = (b - μ) γ / √(v + ε) + β (Jacob et
/// al. 2018, Quantization and training of neural networks for efficient integer-arithmetic-only inference, section 3.2, equation 14, with the bias). Computed in float64, stored in float32: outputs
/// differ from the unfolded file's by rounding.
/// </summary>
public static class OnnxBatchNorm
{
    /// <summary>The file with every BatchNormalization folded that follows a Conv or Gemm whose weights are constants and whose output nothing else takes; others stay.</summary>
    /// <exception cref="InvalidDataException">The bytes are no ONNX file of opset <see cref="OnnxGraph.OpsetVersion"/>.</exception>
    public static byte[] Fold(ReadOnlySpan<byte> file)
    {
        var model = OnnxModelFile.Read(file);
        var producers = model.Graph.Node.SelectMany(node => node.Output, (node, output) => (node, output)).ToDictionary(pair => pair.output, pair => pair.node, StringComparer.Ordinal);
        var takers = model.Graph.Node.SelectMany(node => node.Input).Concat(model.Graph.Output.Select(output => output.Name)).CountBy(name => name).ToDictionary(StringComparer.Ordinal);
        var kept = new List<NodeProto>();
        foreach (var node in model.Graph.Node)
        {
            if (node.OpType == "BatchNormalization" && takers[node.Input[0]] == 1 && producers.TryGetValue(node.Input[0], out var before) && FoldInto(model, before, node))
            {
                model.Forget(before.Output[0]);
                before.Output[0] = node.Output[0];
                producers[node.Output[0]] = before;
            }
            else
            {
                kept.Add(node);
            }
        }

        model.Replace(kept);
        return model.ToBytes();
    }

    private static bool FoldInto(OnnxModelFile model, NodeProto before, NodeProto norm)
    {
        bool isGemm = before.OpType == "Gemm";
        if (!isGemm && before.OpType != "Conv") return false;
        if (isGemm && (OnnxModelFile.NumberOf(before, "alpha", 1) != 1 || OnnxModelFile.NumberOf(before, "beta", 1) != 1)) return false;
        if (model.ConstantOf(before.Input[1]) is not { } weight || norm.Input.Skip(1).Any(name => model.ConstantOf(name) is null)) return false;
        var bias = before.Input.Count > 2 && before.Input[2].Length > 0 ? model.ConstantOf(before.Input[2]) : null;
        if (before.Input.Count > 2 && bias is null) return false;

        // Output channels lie on the first axis of a convolution's weight; of Gemm's on the first where it is transposed, else on the second.
        bool channelsFirst = !isGemm || OnnxModelFile.IntegerOf(before, "transB", 0) == 1;
        int channelCount = (int)weight.Dims[channelsFirst ? 0 : 1];
        ReadOnlySpan<float> Parameter(int index) => OnnxModelFile.NumbersOf(model.ConstantOf(norm.Input[index])!);
        if (Parameter(1).Length != channelCount || (bias is not null && OnnxModelFile.NumbersOf(bias).Length != channelCount)) return false;

        double epsilon = OnnxModelFile.NumberOf(norm, "epsilon", 1e-5f);
        double[] factors = new double[channelCount];
        float[] offsets = new float[channelCount];
        for (int c = 0; c < channelCount; c++)
        {
            factors[c] = Parameter(1)[c] / Math.Sqrt(Parameter(4)[c] + epsilon);
            double old = bias is null ? 0 : OnnxModelFile.NumbersOf(bias)[c];
            offsets[c] = (float)((old - Parameter(3)[c]) * factors[c] + Parameter(2)[c]);
        }

        float[] folded = OnnxModelFile.NumbersOf(weight).ToArray();
        int perChannel = folded.Length / channelCount;
        for (int i = 0; i < folded.Length; i++) folded[i] = (float)(folded[i] * factors[channelsFirst ? i / perChannel : i % channelCount]);

        Set(before.Input, 1, model.AddConstant($"{before.Input[1]}/folded", OnnxElement.Float32, MemoryMarshal.AsBytes(folded.AsSpan()), weight.Dims));
        Set(before.Input, 2, model.AddConstant($"{norm.Input[2]}/folded", OnnxElement.Float32, MemoryMarshal.AsBytes(offsets.AsSpan()), [channelCount]));
        return true;
    }

    private static void Set(RepeatedField<string> inputs, int index, string name)
    {
        if (index < inputs.Count) inputs[index] = name;
        else inputs.Add(name);
    }
}
