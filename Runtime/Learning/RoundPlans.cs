using System.Text.Json;
using Edge.Config;
using Edge.Storage;
using Edge.Trainer.Rounds;

namespace Edge.Runtime.Learning;

/// <summary>Orders for training rounds from the device's configuration. Classes have their names on the disk: a checkpoint finds its rows by them, whatever the classes are called meanwhile.</summary>
public static class RoundPlans
{
    /// <summary>Make the first snapshot for such windows.</summary>
    public static RoundPlan Initial(DeviceConfig config, WindowShape window, IReadOnlyList<string> channels) => new()
    {
        Round = 0,
        Kind = RoundKind.Initial,
        Classes = ClassNames.Of(config.Labels.Renamed).ToStored(config.Labels.Classes),
        Window = window,
        Training = config.Training,
        ReadoutTemperature = config.Inference.Temperature,
        FrozenFeatures = config.ReadOut.FrozenFeatures,
        FrozenSeed = config.ReadOut.FrozenSeed,
        Channels = channels,
    };

    /// <summary>Fine-tune the running snapshot.</summary>
    public static RoundPlan FineTune(DeviceConfig config, int round, SnapshotManifest parent) => new()
    {
        Round = round,
        Kind = RoundKind.FineTune,
        ParentId = parent.Id,
        Classes = ClassNames.Of(config.Labels.Renamed).ToStored(config.Labels.Classes),
        Window = parent.Window,
        Training = config.Training,
        ReadoutTemperature = config.Inference.Temperature,
        FrozenFeatures = config.ReadOut.FrozenFeatures,
        FrozenSeed = config.ReadOut.FrozenSeed,
    };

    /// <summary>Orders the same round with half as many rows at a time, for the attempt after one that outgrew its memory. What was kept of its progress is of another plan and not gone on with.</summary>
    /// <exception cref="IOException">The disk refused.</exception>
    public static void HalveRows(RoundFolder folder)
    {
        var plan = folder.ReadPlan();
        DurableFile.Replace(folder.PlanFile, JsonSerializer.SerializeToUtf8Bytes(plan with { MemoryHalvings = plan.MemoryHalvings + 1 }, RoundFolder.Json));
    }
}
