namespace Edge.Config;

/// <summary>What the keys of the device's memory must be to one another: a class that has no room is forgotten, and a candidate that nothing judges never runs. See <see cref="CrossFieldRules"/>.</summary>
internal static class MemoryRules
{
    /// <summary>Adds a problem for each rule that <paramref name="config"/> breaks.</summary>
    public static void Check(DeviceConfig config, ConfigFindings findings)
    {
        ReplayHoldsEveryClass(config, findings);
        ReplayBytesHoldEveryClass(config, findings);
        AnchorsCoverEveryClass(config, findings);
        AnchorsSufficeToJudge(config, findings);
        FreshExamplesHoldARound(config, findings);
    }

    private static void ReplayHoldsEveryClass(DeviceConfig config, ConfigFindings findings) =>
        HoldsEveryClass("replay.capacity", config.Replay.Capacity, config, findings);

    private static void ReplayBytesHoldEveryClass(DeviceConfig config, ConfigFindings findings)
    {
        if (config.Replay.CapacityKiB == 0 || !findings.Sound("replay.capacityKiB", "replay.payload", "window.length", "labels.classes"))
        {
            return;
        }

        // As the store lays them: float32 is four bytes a value; the others two, and int16 a middle and a step for each channel.
        long values = (long)CrossFieldRules.SensorChannelCount * config.Window.Length;
        long windowBytes = config.Replay.Payload == "float32" ? values * 4 : values * 2 + (config.Replay.Payload == "int16" ? CrossFieldRules.SensorChannelCount * 8 : 0);
        int classes = config.Labels.Classes.Count;
        long neededKiB = (classes * windowBytes + 1023) / 1024;
        if (config.Replay.CapacityKiB < neededKiB)
        {
            findings.AddContradiction("replay.capacityKiB", RuleText.Show(config.Replay.CapacityKiB),
                $"0, which is no limit, or at least one window of {windowBytes} bytes for each of the {classes} labels.classes", $"raise it to {neededKiB} or more");
        }
    }

    private static void AnchorsCoverEveryClass(DeviceConfig config, ConfigFindings findings) =>
        HoldsEveryClass("replay.anchorCapacity", config.Replay.AnchorCapacity, config, findings);

    private static void AnchorsSufficeToJudge(DeviceConfig config, ConfigFindings findings)
    {
        if (findings.Sound("replay.anchorCapacity", "promotion.minAnchors") && config.Replay.AnchorCapacity < config.Promotion.MinAnchors)
        {
            findings.AddContradiction("replay.anchorCapacity", RuleText.Show(config.Replay.AnchorCapacity),
                $"at least promotion.minAnchors, which is {config.Promotion.MinAnchors}, so that candidates are judged at all",
                "raise replay.anchorCapacity or lower promotion.minAnchors");
        }
    }

    private static void FreshExamplesHoldARound(DeviceConfig config, ConfigFindings findings)
    {
        if (findings.Sound("replay.freshCapacity", "training.roundExamples") && config.Replay.FreshCapacity < config.Training.RoundExamples)
        {
            findings.AddContradiction("replay.freshCapacity", RuleText.Show(config.Replay.FreshCapacity),
                $"at least training.roundExamples, which is {config.Training.RoundExamples}, so that a round can become due",
                "raise replay.freshCapacity or lower training.roundExamples");
        }
    }

    private static void HoldsEveryClass(string path, int capacity, DeviceConfig config, ConfigFindings findings)
    {
        int classes = config.Labels.Classes.Count;
        if (findings.Sound(path, "labels.classes") && capacity < classes)
        {
            findings.AddContradiction(path, RuleText.Show(capacity), $"at least the number of labels.classes, which is {classes}", $"raise it to {classes} or more");
        }
    }
}
