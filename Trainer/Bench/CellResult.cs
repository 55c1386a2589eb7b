namespace Edge.Trainer.Bench;

/// <summary>What one cell measured. All accuracies are shares of 1.</summary>
public sealed record CellResult
{
    /// <summary>Names in <see cref="ReadOuts"/> that read the trained backbone.</summary>
    public static IReadOnlyList<string> LearnedReadOuts { get; } = ["head", "ncm", "ridge", "pooled"];

    /// <summary>Version of this document.</summary>
    public int Schema { get; init; } = 1;

    /// <summary>What was run.</summary>
    public required CellSpec Spec { get; init; }

    /// <summary>Name of each step of the stream, in order: its classes or its domain.</summary>
    public required IReadOnlyList<string> Steps { get; init; }

    /// <summary>Test accuracy on step j after learning step i, [i][j]; also for j above i.</summary>
    public required IReadOnlyList<IReadOnlyList<double>> Accuracy { get; init; }

    /// <summary>Accuracy over all classes (or domains) met so far after each evaluation, with the number of training windows seen: the curve. One point per step, more in the online protocol.</summary>
    public required IReadOnlyList<CurvePoint> Curve { get; init; }

    /// <summary>Accuracy after each step over what was met so far, by read-out: on the trained backbone <c>head</c>, <c>ncm</c>, <c>ridge</c> and, over all its layers, <c>pooled</c>; <c>frozen</c> where there is a frozen branch; <c>fused</c> where anchors choose.</summary>
    public required IReadOnlyDictionary<string, IReadOnlyList<double>> ReadOuts { get; init; }

    /// <summary>Linear CKA between the embeddings of test windows of earlier steps after this step and right after the step before; NaN-free: 1 for the first step. One per step.</summary>
    public required IReadOnlyList<double> Cka { get; init; }

    /// <summary>Mean over the classes of earlier steps of 1 - cos between their prototypes now and right after they were learnt. One per step; 0 for the first.</summary>
    public required IReadOnlyList<double> PrototypeDrift { get; init; }

    /// <summary>Few-shot protocol only: what a few labelled windows of a new class bring.</summary>
    public IReadOnlyList<FewShotPoint> FewShot { get; init; } = [];

    /// <summary>What the read-out was in the end, for example <c>frozen ridge, lambda 30</c>.</summary>
    public string ReadOut { get; init; } = "";

    /// <summary>Optimiser steps taken.</summary>
    public long StepCount { get; init; }

    /// <summary>CPU seconds of the process while it learnt, judging left out; reported, not compared.</summary>
    public double TrainingSeconds { get; init; }

    /// <summary>What a reader must know: policies of the reader, rounds that were abandoned.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];
}

/// <summary>A point of the accuracy curve.</summary>
/// <param name="WindowCount">Training windows met so far, each counted once.</param>
/// <param name="Accuracy">Over the classes or domains met so far, share of 1.</param>
public sealed record CurvePoint(int WindowCount, double Accuracy);

/// <summary>Accuracy with a number of labelled windows of a class that was never seen before.</summary>
/// <param name="Shots">Labelled windows of the new class.</param>
/// <param name="NewAccuracy">On test windows of the new class, share of 1.</param>
/// <param name="OldBefore">On the old classes before the new one was told.</param>
/// <param name="OldAfter">On the old classes after.</param>
public sealed record FewShotPoint(int Shots, double NewAccuracy, double OldBefore, double OldAfter);
