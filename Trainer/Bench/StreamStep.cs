namespace Edge.Trainer.Bench;

/// <summary>One part of a stream: what is learnt together, and what it is judged on.</summary>
/// <param name="Name">Its classes or its domain, for tables.</param>
/// <param name="Train">Indices of the training windows, in the order in which they arrive.</param>
/// <param name="Test">Indices of the test windows that belong to it.</param>
public sealed record StreamStep(string Name, int[] Train, int[] Test);
