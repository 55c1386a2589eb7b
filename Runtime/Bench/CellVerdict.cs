using Edge.Trainer.Bench;

namespace Edge.Runtime.Bench;

/// <summary>Whether a result can stand in a table.</summary>
public static class CellVerdict
{
    /// <summary>What is wrong with a result, as one clause; null: nothing. A figure that is not finite, an accuracy matrix that is not square, or a result for another cell never reaches a table.</summary>
    public static string? Problem(CellSpec asked, CellResult result)
    {
        if (result.Spec != asked) return $"it answered for another cell: {result.Spec}";
        int stepCount = result.Steps.Count;
        bool hasMatrix = result.Accuracy.Count > 0 || asked.Protocol != Protocol.FewShot;
        if (hasMatrix && (result.Accuracy.Count != stepCount || result.Accuracy.Any(row => row.Count != stepCount))) return $"its accuracy matrix is not {stepCount} x {stepCount}, one row and one column per step";
        if (stepCount == 0 && hasMatrix) return "its stream has no step";
        if (asked.Protocol == Protocol.FewShot && result.FewShot.Count == 0) return "it holds no few-shot figures";
        foreach (var (name, row) in result.ReadOuts.Append(new("cka", result.Cka)).Append(new("prototypeDrift", result.PrototypeDrift)))
        {
            if (hasMatrix && row.Count != stepCount) return $"it holds {row.Count} values of '{name}' for {stepCount} steps";
        }

        var figures = result.Accuracy.SelectMany(row => row).Concat(result.Curve.Select(p => p.Accuracy)).Concat(result.ReadOuts.Values.SelectMany(row => row)).Concat(result.Cka).Concat(result.PrototypeDrift)
            .Concat(result.FewShot.SelectMany(p => new[] { p.NewAccuracy, p.OldBefore, p.OldAfter }));
        return figures.All(double.IsFinite) ? null : "one of its figures is not finite";
    }
}
