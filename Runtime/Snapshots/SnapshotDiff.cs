using Edge.Storage;
using Edge.Trainer.Onnx;

namespace Edge.Runtime.Snapshots;

/// <summary>How often an operator stands in two graphs.</summary>
public sealed record OperatorChange(string Operator, int CountA, int CountB);

/// <summary>How a constant differs between two graphs.</summary>
/// <param name="Name">Its name.</param>
/// <param name="ShapeA">Its shape in A; null where A has none of that name.</param>
/// <param name="ShapeB">Its shape in B; null where B has none of that name.</param>
/// <param name="NormA">Root of the sum of squares in A.</param>
/// <param name="NormB">The same in B.</param>
/// <param name="DifferenceNorm">Root of the sum of squared differences; null where the shapes differ.</param>
public sealed record InitializerChange(string Name, IReadOnlyList<long>? ShapeA, IReadOnlyList<long>? ShapeB, double? NormA, double? NormB, double? DifferenceNorm)
{
    /// <summary>Difference as a share of the norm in A; null where there is none.</summary>
    public double? Relative => DifferenceNorm is { } difference && NormA is { } norm and > 0 ? difference / norm : null;
}

/// <summary>What differs between two snapshots' graphs. Both are read whole into memory.</summary>
/// <param name="ClassesAdded">Classes of B alone.</param>
/// <param name="ClassesRemoved">Classes of A alone.</param>
/// <param name="Operators">Operators whose number differs.</param>
/// <param name="Initializers">Constants that differ, the most changed first; those of one graph alone before.</param>
/// <param name="SameInitializerCount">Constants that are the same to the bit.</param>
public sealed record SnapshotDiff(
    IReadOnlyList<string> ClassesAdded, IReadOnlyList<string> ClassesRemoved, IReadOnlyList<OperatorChange> Operators, IReadOnlyList<InitializerChange> Initializers, int SameInitializerCount)
{
    /// <summary>Compares.</summary>
    /// <exception cref="InvalidDataException">A file is none of this program's writer.</exception>
    public static SnapshotDiff Of(SnapshotManifest a, string modelA, SnapshotManifest b, string modelB)
    {
        var (left, right) = (OnnxContents.Read(File.ReadAllBytes(modelA)), OnnxContents.Read(File.ReadAllBytes(modelB)));
        var operators = left.Operators.Keys.Union(right.Operators.Keys, StringComparer.Ordinal).Order(StringComparer.Ordinal)
            .Select(name => new OperatorChange(name, left.Operators.GetValueOrDefault(name), right.Operators.GetValueOrDefault(name))).Where(change => change.CountA != change.CountB);
        var initializers = left.Initializers.Keys.Union(right.Initializers.Keys, StringComparer.Ordinal).Order(StringComparer.Ordinal)
            .Select(name => Compare(name, left.Initializers.GetValueOrDefault(name), right.Initializers.GetValueOrDefault(name))).ToList();
        var changed = initializers.Where(change => change.DifferenceNorm is not 0).OrderByDescending(change => change.Relative ?? double.PositiveInfinity).ToList();
        return new SnapshotDiff([.. b.Classes.Except(a.Classes, StringComparer.Ordinal)], [.. a.Classes.Except(b.Classes, StringComparer.Ordinal)], [.. operators], changed, initializers.Count - changed.Count);
    }

    private static InitializerChange Compare(string name, OnnxTensor? a, OnnxTensor? b)
    {
        double? difference = a is not null && b is not null && a.Shape.SequenceEqual(b.Shape) ? Math.Sqrt(a.Values.Zip(b.Values, (x, y) => (x - y) * (x - y)).Sum()) : null;
        return new InitializerChange(name, a?.Shape, b?.Shape, Norm(a), Norm(b), difference);
    }

    private static double? Norm(OnnxTensor? tensor) => tensor is null ? null : Math.Sqrt(tensor.Values.Sum(value => value * value));
}
