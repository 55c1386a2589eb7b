namespace Edge.Telemetry.Drift.Watching;

/// <summary>How far a watch has come with what takes minutes to learn.</summary>
/// <param name="AlarmCount">Events told: after one it is quiet for a while.</param>
/// <param name="ModelAlarmCount">Alarms of what depends on the model: after each it learns a new reference.</param>
/// <param name="RebaseCount">Snapshots that it has followed.</param>
/// <param name="KnowsInputs">Whether inputs and class mix have their reference.</param>
/// <param name="KnowsModel">Whether what depends on the model has its own.</param>
public readonly record struct DriftMilestones(long AlarmCount, long ModelAlarmCount, long RebaseCount, bool KnowsInputs, bool KnowsModel);
