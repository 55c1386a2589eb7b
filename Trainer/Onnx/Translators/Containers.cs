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
        .Register<Dropout2d>((_, input, _) => input)
        .Register<AlphaDropout>((_, input, _) => input)
        .Register<Flatten>(WriteFlatten)
        .Register<Unflatten>(WriteUnflatten);

    private static OnnxValue WriteSequential(Sequential module, OnnxValue input, OnnxScope scope)
    {
        var value = input;
        foreach (var (name, child) in module.named_children()) value = scope.Write(name, child, value);
        return value;
    }

    private static OnnxValue WriteFlatten(Flatten module, OnnxValue input, OnnxScope scope)
    {
        int first = OnnxOperations.AxisOf(input, module.start_dim, scope), last = OnnxOperations.AxisOf(input, module.end_dim, scope);
        if (first == 0) throw scope.Refuse("it flattens the batch axis (start_dim 0), which is of any length.", "Flatten from axis 1.");
        if (last <= first) return input;

        long merged = 1;
        for (int axis = first; axis < input.Rank; axis++)
        {
            if (input.Shape[axis].Size is not { } size) throw scope.Refuse($"axis {axis} of [{string.Join(", ", input.Shape)}] is of any length.", "Flatten axes of a fixed length only.");
            if (axis <= last) merged *= size;
        }

        OnnxDim[] shape = [.. input.Shape.Take(first), merged, .. input.Shape.Skip(last + 1)];
        return first == 1 && last == input.Rank - 1 ? scope.Node("Flatten", [input], shape, new OnnxAttribute("axis", 1)) : scope.Reshape(input, shape);
    }

    private static OnnxValue WriteUnflatten(Unflatten module, OnnxValue input, OnnxScope scope)
    {
        int along = OnnxOperations.AxisOf(input, module.dim, scope);
        if (input.Shape[along].Size is not { } size) throw scope.Refuse($"axis {along} of [{string.Join(", ", input.Shape)}] is of any length.", "Unflatten an axis of a fixed length.");
        long[] parts = [.. module.unflattened_size];
        long known = parts.Where(part => part != -1).Aggregate(1L, (product, part) => product * part);
        int open = Array.IndexOf(parts, -1);
        if (open >= 0 && known > 0) parts[open] = size / known;
        if (parts.Any(part => part < 1) || parts.Aggregate(1L, (product, part) => product * part) != size)
            throw scope.Refuse($"{size} elements do not divide into [{string.Join(", ", module.unflattened_size)}].", "Choose sizes whose product is the length of the axis.");
        return scope.Reshape(input, [.. input.Shape.Take(along), .. parts.Select(OnnxDim.Of), .. input.Shape.Skip(along + 1)]);
    }
}
