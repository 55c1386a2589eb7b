using TorchSharp.Modules;

namespace Edge.Trainer.Onnx.Translators;

/// <summary>
/// Pooling to a given number of parts: part i of k covers the samples from ⌊i n / k⌋ to ⌈(i + 1) n / k⌉ of n, so where k does not divide n the parts overlap. One part is a global pooling, equal parts
/// are an ordinary one, and unequal parts are spelled out: means as a product with a constant matrix, maxima over a gathered table in which the last sample of a short part is repeated.
/// </summary>
internal static class AdaptivePoolings
{
    public static void RegisterIn(OnnxWriter writer) => writer
        .Register<AdaptiveAvgPool1d>((module, input, scope) => WriteMeans([module.output_size], input, scope))
        .Register<AdaptiveAvgPool2d>((module, input, scope) => WriteMeans(module.output_size, input, scope))
        .Register<AdaptiveMaxPool1d>((module, input, scope) => WriteMaxima([module.output_size], input, scope))
        .Register<AdaptiveMaxPool2d>((module, input, scope) => WriteMaxima(module.output_size, input, scope));

    private static OnnxValue WriteMeans(long[] counts, OnnxValue input, OnnxScope scope)
    {
        long[] lengths = Checked(ref counts, input, scope);
        if (counts.All(count => count == 1)) return scope.Node("GlobalAveragePool", [input], SlidingWindow.Shape(input.Shape[0], input.Shape[1], counts));
        if (Divide(lengths, counts))
        {
            long[] kernel = [.. lengths.Select((length, axis) => length / counts[axis])], none = new long[counts.Length];
            return Poolings.Average(input, kernel, kernel, none, none, counts, false, scope);
        }

        // [.., height, width] times [width, k] for the last axis; for the one before it, [k, height] times that.
        var value = scope.MatMul(input, scope.Constant("means", Means(lengths[^1], counts[^1], partsFirst: false), lengths[^1], counts[^1]));
        return counts.Length == 1 ? value : scope.MatMul(scope.Constant("meansOfRows", Means(lengths[0], counts[0], partsFirst: true), counts[0], lengths[0]), value);
    }

    private static OnnxValue WriteMaxima(long[] counts, OnnxValue input, OnnxScope scope)
    {
        long[] lengths = Checked(ref counts, input, scope);
        if (counts.All(count => count == 1)) return scope.Node("GlobalMaxPool", [input], SlidingWindow.Shape(input.Shape[0], input.Shape[1], counts));
        if (Divide(lengths, counts))
        {
            long[] kernel = [.. lengths.Select((length, axis) => length / counts[axis])];
            return scope.Node(
                "MaxPool",
                [input],
                SlidingWindow.Shape(input.Shape[0], input.Shape[1], counts),
                new OnnxAttribute("kernel_shape", kernel),
                new OnnxAttribute("pads", new long[2 * counts.Length]),
                new OnnxAttribute("strides", kernel));
        }

        var value = input;
        for (int i = 0; i < counts.Length; i++)
        {
            int axis = i + 2;
            var parts = Parts(lengths[i], counts[i]);
            long longest = parts.Max(part => part.End - part.Start);
            long[] table = [.. parts.SelectMany(part => Enumerable.Range(0, (int)longest).Select(offset => Math.Min(part.Start + offset, part.End - 1)))];
            OnnxDim[] gathered = [.. value.Shape.Take(axis), counts[i], longest, .. value.Shape.Skip(axis + 1)];
            value = scope.Max(scope.Node("Gather", [value, scope.Table("parts", table, counts[i], longest)], gathered, new OnnxAttribute("axis", axis)), axis + 1);
        }

        return value;
    }

    private static long[] Checked(ref long[] counts, OnnxValue input, OnnxScope scope)
    {
        int axisCount = input.Rank - 2;
        if (counts.Length == 1 && axisCount == 2) counts = [counts[0], counts[0]];
        if (counts.Any(count => count < 1)) throw scope.Refuse($"its output_size [{string.Join(", ", counts)}] is not positive.", "Use an output_size of at least 1.");
        return SlidingWindow.SizesOf(input, counts.Length, scope);
    }

    private static bool Divide(long[] lengths, long[] counts) => lengths.Zip(counts).All(pair => pair.First % pair.Second == 0);

    private static (long Start, long End)[] Parts(long length, long count) =>
        [.. Enumerable.Range(0, (int)count).Select(i => (i * length / count, ((i + 1) * length + count - 1) / count))];

    // Weight 1 / n of a part's n samples: [parts, length], or the transpose of that.
    private static float[] Means(long length, long count, bool partsFirst)
    {
        float[] weights = new float[length * count];
        var parts = Parts(length, count);
        for (long part = 0; part < count; part++)
            for (long sample = parts[part].Start; sample < parts[part].End; sample++)
                weights[partsFirst ? part * length + sample : sample * count + part] = 1f / (parts[part].End - parts[part].Start);
        return weights;
    }
}
