namespace Edge.Trainer.Onnx;

/// <summary>
/// The operations that a translator of an own module is mostly made of, with the shapes worked out: a residual sum, a turned or reshaped tensor, values side by side, a mean, a unit vector. An axis may be
/// negative: -1 is the last. What is missing is written with <see cref="OnnxScope.Node(string, ReadOnlySpan{OnnxValue}, IReadOnlyList{OnnxDim}, ReadOnlySpan{OnnxAttribute})"/>.
/// </summary>
public static class OnnxOperations
{
    /// <summary>left + right, with the usual broadcasting: shapes are aligned at the last axis, and an axis of one element is repeated.</summary>
    public static OnnxValue Add(this OnnxScope scope, OnnxValue left, OnnxValue right) => scope.Node("Add", [left, right], Broadcast(scope, left, right));

    /// <summary>left - right, broadcasting.</summary>
    public static OnnxValue Subtract(this OnnxScope scope, OnnxValue left, OnnxValue right) => scope.Node("Sub", [left, right], Broadcast(scope, left, right));

    /// <summary>left * right, broadcasting.</summary>
    public static OnnxValue Multiply(this OnnxScope scope, OnnxValue left, OnnxValue right) => scope.Node("Mul", [left, right], Broadcast(scope, left, right));

    /// <summary>left / right, broadcasting.</summary>
    public static OnnxValue Divide(this OnnxScope scope, OnnxValue left, OnnxValue right) => scope.Node("Div", [left, right], Broadcast(scope, left, right));

    /// <summary>value * factor.</summary>
    public static OnnxValue Scale(this OnnxScope scope, OnnxValue value, float factor) => scope.Node("Mul", [value, scope.Constant("factor", [factor])], value.Shape);

    /// <summary>Product of matrices over the last two axes; the axes before them are broadcast.</summary>
    public static OnnxValue MatMul(this OnnxScope scope, OnnxValue left, OnnxValue right)
    {
        if (left.Rank < 2 || right.Rank < 2 || left.Shape[^1] != right.Shape[^2])
            throw scope.Refuse($"the product of {left} and {right} is not defined.", "Make the last axis of the left one the last but one of the right one.");
        var outer = Broadcast(scope, [.. left.Shape.SkipLast(2)], [.. right.Shape.SkipLast(2)]);
        return scope.Node("MatMul", [left, right], [.. outer, left.Shape[^2], right.Shape[^1]]);
    }

    /// <summary>The axes in another order: axis i of the result is axis <paramref name="order"/>[i] of the value.</summary>
    public static OnnxValue Transpose(this OnnxScope scope, OnnxValue value, params ReadOnlySpan<long> order)
    {
        if (order.Length != value.Rank || order.ToArray().Distinct().Count(axis => axis >= 0 && axis < value.Rank) != value.Rank)
            throw scope.Refuse($"[{string.Join(", ", order.ToArray())}] is no order of the axes of {value}.", $"Name each axis from 0 to {value.Rank - 1} once.");
        OnnxDim[] shape = [.. order.ToArray().Select(axis => value.Shape[(int)axis])];
        return scope.Node("Transpose", value.Element, 0, [value], shape, new OnnxAttribute("perm", order));
    }

    /// <summary>The same elements, row-major, in another shape. One axis of any length may move to another place; others must stay where they are.</summary>
    public static OnnxValue Reshape(this OnnxScope scope, OnnxValue value, params ReadOnlySpan<OnnxDim> shape)
    {
        // In the target shape 0 copies the axis of the same index, and one -1 takes what is left over.
        long[] target = new long[shape.Length];
        bool leftOver = false;
        for (int axis = 0; axis < target.Length; axis++)
        {
            if (shape[axis].Size is { } size) target[axis] = size;
            else if (axis < value.Rank && value.Shape[axis] == shape[axis]) target[axis] = 0;
            else if (!leftOver) (target[axis], leftOver) = (-1, true);
            else throw scope.Refuse($"{value} cannot be reshaped to [{string.Join(", ", shape.ToArray())}]: two axes of any length would move.", "Keep all but one of them at their place.");
        }

        long Fixed(IEnumerable<OnnxDim> dims) => dims.Aggregate(1L, (product, dim) => product * (dim.Size ?? 1));
        if (Fixed(value.Shape) != Fixed(shape.ToArray()))
            throw scope.Refuse($"{value} cannot be reshaped to [{string.Join(", ", shape.ToArray())}]: the numbers of elements differ.", "Choose a shape of as many elements.");
        return scope.Node("Reshape", value.Element, 0, [value, scope.Constant("shape", target)], shape.ToArray());
    }

    /// <summary>Values side by side along an axis, as torch's <c>cat</c>; that axis must be of a fixed length.</summary>
    public static OnnxValue Concat(this OnnxScope scope, int axis, params ReadOnlySpan<OnnxValue> values)
    {
        var first = values[0];
        int along = AxisOf(first, axis, scope);
        long length = 0;
        foreach (var value in values)
        {
            bool fits = value.Rank == first.Rank;
            for (int i = 0; fits && i < first.Rank; i++) fits = i == along || value.Shape[i] == first.Shape[i];
            if (!fits || value.Shape[along].Size is not { } size)
                throw scope.Refuse($"{value} does not go beside {first} along axis {along}.", "Make all other axes equal and that one fixed.");
            length += size;
        }

        OnnxDim[] shape = [.. first.Shape];
        shape[along] = length;
        return scope.Node("Concat", first.Element, 0, values, shape, new OnnxAttribute("axis", along));
    }

    /// <summary>Elements <paramref name="start"/> to <paramref name="end"/> (not included) of an axis of a fixed length.</summary>
    public static OnnxValue Slice(this OnnxScope scope, OnnxValue value, int axis, long start, long end)
    {
        int along = AxisOf(value, axis, scope);
        if (value.Shape[along].Size is not { } size || start < 0 || end > size || start >= end)
            throw scope.Refuse($"{value} has no elements {start} to {end} on axis {along}.", "Choose a range within an axis of a fixed length.");
        OnnxDim[] shape = [.. value.Shape];
        shape[along] = end - start;
        return scope.Node("Slice", value.Element, 0, [value, scope.Constant("start", [start]), scope.Constant("end", [end]), scope.Constant("axis", [along])], shape);
    }

    /// <summary>One element of an axis, which vanishes: torch's <c>select</c>. Index -1 is the last: the state after the last time step, for example.</summary>
    public static OnnxValue Take(this OnnxScope scope, OnnxValue value, int axis, long index)
    {
        int along = AxisOf(value, axis, scope);
        if (value.Shape[along].Size is not { } size || index < -size || index >= size)
            throw scope.Refuse($"{value} has no element {index} on axis {along}.", "Choose an index within an axis of a fixed length.");
        OnnxDim[] shape = [.. value.Shape.Where((_, i) => i != along)];
        return scope.Node("Gather", value.Element, 0, [value, scope.Index("index", index < 0 ? index + size : index)], shape, new OnnxAttribute("axis", along));
    }

    /// <summary>Mean over one axis, which vanishes unless it is kept with one element.</summary>
    public static OnnxValue Mean(this OnnxScope scope, OnnxValue value, int axis, bool keepAxis = false) => Reduce(scope, "ReduceMean", value, axis, keepAxis);

    /// <summary>Maximum over one axis, which vanishes unless it is kept with one element.</summary>
    public static OnnxValue Max(this OnnxScope scope, OnnxValue value, int axis, bool keepAxis = false) => Reduce(scope, "ReduceMax", value, axis, keepAxis);

    /// <summary>Softmax over one axis.</summary>
    public static OnnxValue Softmax(this OnnxScope scope, OnnxValue value, int axis) =>
        scope.Node("Softmax", [value], value.Shape, new OnnxAttribute("axis", AxisOf(value, axis, scope)));

    /// <summary>x / max(‖x‖₂, ε) along one axis: torch's <c>functional.normalize</c>, whose default of ε this is.</summary>
    public static OnnxValue Normalise(this OnnxScope scope, OnnxValue value, int axis, float epsilon = 1e-12f)
    {
        var norm = Reduce(scope, "ReduceL2", value, axis, keepAxis: true);
        return scope.Divide(value, scope.Node("Max", [norm, scope.Constant("epsilon", [epsilon])], norm.Shape));
    }

    /// <summary>Index of an axis from its start; -1 is the last.</summary>
    internal static int AxisOf(OnnxValue value, long axis, OnnxScope scope) => axis >= -value.Rank && axis < value.Rank
        ? (int)(axis < 0 ? axis + value.Rank : axis)
        : throw scope.Refuse($"{value} has no axis {axis}.", $"Choose one from {-value.Rank} to {value.Rank - 1}.");

    private static OnnxValue Reduce(OnnxScope scope, string operation, OnnxValue value, int axis, bool keepAxis)
    {
        int along = AxisOf(value, axis, scope);
        OnnxDim[] shape = keepAxis ? [.. value.Shape.Select((dim, i) => i == along ? 1 : dim)] : [.. value.Shape.Where((_, i) => i != along)];
        return scope.Node(operation, [value], shape, new OnnxAttribute("axes", [along]), new OnnxAttribute("keepdims", keepAxis ? 1 : 0));
    }

    private static OnnxDim[] Broadcast(OnnxScope scope, OnnxValue left, OnnxValue right) => Broadcast(scope, left.Shape, right.Shape);

    private static OnnxDim[] Broadcast(OnnxScope scope, IReadOnlyList<OnnxDim> left, IReadOnlyList<OnnxDim> right)
    {
        var shape = new OnnxDim[Math.Max(left.Count, right.Count)];
        for (int fromLast = 1; fromLast <= shape.Length; fromLast++)
        {
            OnnxDim l = fromLast <= left.Count ? left[^fromLast] : 1, r = fromLast <= right.Count ? right[^fromLast] : 1;
            if (l != r && l.Size != 1 && r.Size != 1)
                throw scope.Refuse($"[{string.Join(", ", left)}] and [{string.Join(", ", right)}] do not go together.", "Make their axes equal, counted from the last, or of one element.");
            shape[^fromLast] = l.Size == 1 ? r : l;
        }

        return shape;
    }
}
