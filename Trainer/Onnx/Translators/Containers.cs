using TorchSharp.Modules;

namespace Edge.Trainer.Onnx.Translators;

/// <summary>Modules that hold others, and those that compute nothing in evaluation mode or only change the shape.</summary>
internal static class Containers
{
    public static void RegisterIn(OnnxWriter writer) => writer
        .Register<Sequential>(WriteSequential)
        .Register<Identity>((_, input, _) => input)
        .Register<Dropout>((_, input, _) => input)
        .Register<Dropout1d>((_, input, _) => input)
        .Register<Flatten>(WriteFlatten);

    private static OnnxValue WriteSequential(Sequential module, OnnxValue input, OnnxScope scope)
    {
        var value = input;
        foreach (var (name, child) in module.named_children()) value = scope.Write(name, child, value);
        return value;
    }

    private static OnnxValue WriteFlatten(Flatten module, OnnxValue input, OnnxScope scope)
    {
        int first = AxisOf(module.start_dim), last = AxisOf(module.end_dim);
        if (first == 0) throw scope.Refuse("it flattens the batch axis (start_dim 0), which is of any length.", "Flatten from axis 1.");
        if (last <= first) return input;

        long merged = 1;
        for (int axis = first; axis < input.Rank; axis++)
        {
            if (input.Shape[axis].Size is not { } size) throw scope.Refuse($"axis {axis} of [{string.Join(", ", input.Shape)}] is of any length.", "Flatten axes of a fixed length only.");
            if (axis <= last) merged *= size;
        }

        OnnxDim[] shape = [.. input.Shape.Take(first), merged, .. input.Shape.Skip(last + 1)];
        if (first == 1 && last == input.Rank - 1) return scope.Node("Flatten", [input], shape, new OnnxAttribute("axis", 1));

        // In the target shape of Reshape, 0 copies the axis of the same index: the batch axis stays free.
        long[] target = [.. shape.Select((dim, axis) => axis < first ? 0 : dim.Size ?? 0)];
        return scope.Node("Reshape", [input, scope.Constant("shape", target)], shape);

        int AxisOf(long axis) => (int)(axis < 0 ? axis + input.Rank : axis);
    }
}
