namespace Edge.Config;

/// <summary>
/// What keys must be to one another: those of the stream here, those of the memory (<see cref="MemoryRules"/>) and of the way to others (<see cref="LinkRules"/>) beside it. One method per rule. A rule whose
/// keys already have problems of their own stays silent: it would speak about a default that the operator did not choose.
/// </summary>
internal static class CrossFieldRules
{
    /// <summary>The word for a window that is near to no class; no class can bear it.</summary>
    public const string ReservedClass = "unknown";

    /// <summary>The six activities that the simulated IMU and the recorded archive bring: the default of <c>labels.classes</c>.</summary>
    internal static readonly IReadOnlyList<string> Activities = new LabelsSection().Classes;

    /// <summary>Channels of the simulated IMU and of the recorded archive.</summary>
    internal const int SensorChannelCount = 9;

    /// <summary>Adds a problem for each rule that <paramref name="config"/> breaks.</summary>
    public static void Check(DeviceConfig config, ConfigFindings findings)
    {
        RecordedRateIsKept(config, findings);
        RecordedWindowIsKept(config, findings);
        ClassOrderIsAPermutation(config, findings);
        StrideIsWithinLength(config, findings);
        ClassNamesCanBeToldApart(config, findings);
        SensorsClassesAreNamed(config, findings);
        RenamedRules.Check(config, findings);
        LateLabelsFindTheirWindow(config, findings);
        MemoryRules.Check(config, findings);
        AxesAreChannelsOfTheirOwn(config, findings);
        LabelsTeachSomething(config, findings);
        ProvidersDifferAndEndInCpu(config, findings);
        LimitsAreOfClasses(config, findings);
        LinkRules.Check(config, findings);
    }

    private static void RecordedRateIsKept(DeviceConfig config, ConfigFindings findings)
    {
        double rate = config.Sensor.SampleRateHz;
        if (IsUciHar(config, findings) && findings.Sound("sensor.sampleRateHz") && rate != 50)
        {
            findings.AddContradiction("sensor.sampleRateHz", RuleText.Show(rate), "50 when sensor.kind is \"uciHar\", which is recorded at that rate",
                "write 50; sensor.speed is what makes the stream faster");
        }
    }

    private static void RecordedWindowIsKept(DeviceConfig config, ConfigFindings findings)
    {
        if (!IsUciHar(config, findings))
        {
            return;
        }

        Require("window.length", config.Window.Length, 128);
        Require("window.stride", config.Window.Stride, 64);

        void Require(string path, int value, int recorded)
        {
            if (findings.Sound(path) && value != recorded)
            {
                findings.AddContradiction(path, RuleText.Show(value), $"{recorded} when sensor.kind is \"uciHar\", whose windows are recorded so", $"write {recorded}");
            }
        }
    }

    private static void ClassOrderIsAPermutation(DeviceConfig config, ConfigFindings findings)
    {
        const string Path = "sensor.uciHar.classOrder";
        IReadOnlyList<string> order = config.Sensor.UciHar.ClassOrder;
        if (IsUciHar(config, findings) && findings.Sound(Path) && order.Count > 0
            && !order.Order(StringComparer.Ordinal).SequenceEqual(Activities.Order(StringComparer.Ordinal)))
        {
            findings.AddContradiction(Path, RuleText.Show(order), $"empty or the six names {string.Join(", ", Activities)}, each once, in any order",
                "write all six, or delete it for the order of the archive");
        }
    }

    private static void LimitsAreOfClasses(DeviceConfig config, ConfigFindings findings)
    {
        const string Path = "telemetry.forgettingAlarmByClass";
        if (!findings.Sound(Path) || !findings.Sound("labels.classes"))
        {
            return;
        }

        foreach (string name in config.Telemetry.ForgettingAlarmByClass.Keys.Where(name => !config.Labels.Classes.Contains(name, StringComparer.Ordinal)))
        {
            findings.AddContradiction(ConfigPath.Member(Path, name), RuleText.Show(config.Telemetry.ForgettingAlarmByClass[name]), $"under a name of labels.classes: {string.Join(", ", config.Labels.Classes)}",
                "correct the name, or delete it");
        }
    }

    private static void StrideIsWithinLength(DeviceConfig config, ConfigFindings findings)
    {
        if (findings.Sound("window.stride", "window.length") && config.Window.Stride > config.Window.Length)
        {
            findings.AddContradiction("window.stride", RuleText.Show(config.Window.Stride),
                $"at most window.length, which is {config.Window.Length}, so that no sample falls between two windows",
                "lower window.stride or raise window.length");
        }
    }

    private static void ClassNamesCanBeToldApart(DeviceConfig config, ConfigFindings findings)
    {
        const string Path = "labels.classes";
        if (!findings.Sound(Path))
        {
            return;
        }

        var first = new Dictionary<string, int>(StringComparer.OrdinalIgnoreCase);
        for (int i = 0; i < config.Labels.Classes.Count; i++)
        {
            string name = config.Labels.Classes[i];
            string path = ConfigPath.Item(Path, i);
            if (name.Trim() != name || name.Length == 0)
            {
                findings.AddContradiction(path, JsonPart.Quote(name), "a name that is not blank and has no white space at its ends",
                    name.Trim().Length == 0 ? "name the class" : $"write {JsonPart.Quote(name.Trim())}");
            }
            else if (name.Equals(ReservedClass, StringComparison.OrdinalIgnoreCase))
            {
                findings.AddContradiction(path, JsonPart.Quote(name), $"another word than \"{ReservedClass}\", which says that a window is near to no class",
                    "rename the class");
            }
            else if (!first.TryAdd(name, i))
            {
                findings.AddContradiction(path, JsonPart.Quote(name), $"different from {ConfigPath.Item(Path, first[name])}, not only in upper and lower case",
                    "rename or delete one of the two");
            }
        }
    }

    private static void SensorsClassesAreNamed(DeviceConfig config, ConfigFindings findings)
    {
        const string Path = "labels.classes";
        string[] missing = [.. Activities.Except(config.Labels.Classes, StringComparer.Ordinal).Except(config.Labels.Renamed.Keys, StringComparer.Ordinal)];
        if (findings.Sound("sensor.kind", Path, "labels.renamed") && missing.Length > 0)
        {
            findings.AddContradiction(Path, RuleText.Show(config.Labels.Classes),
                $"a list that contains what the sensor \"{config.Sensor.Kind}\" brings; missing: {string.Join(", ", missing)}",
                "add what is missing, say in labels.renamed what has another name, or delete labels.classes for the default");
        }
    }

    private static void LateLabelsFindTheirWindow(DeviceConfig config, ConfigFindings findings)
    {
        double heldSeconds = (double)config.Window.RingCapacity * config.Window.Stride / config.Sensor.SampleRateHz;
        double delay = config.Labels.SourceDelaySeconds;
        if (findings.Sound("labels.sourceDelaySeconds", "window.ringCapacity", "window.stride", "sensor.sampleRateHz") && delay >= heldSeconds)
        {
            findings.AddContradiction("labels.sourceDelaySeconds", RuleText.Show(delay),
                $"less than the {RuleText.Show(Math.Round(heldSeconds, 3))} s for which the window ring holds a window"
                    + " (window.ringCapacity * window.stride / sensor.sampleRateHz)",
                "shorten the delay or raise window.ringCapacity");
        }
    }

    private static void AxesAreChannelsOfTheirOwn(DeviceConfig config, ConfigFindings findings)
    {
        const string Path = "training.augmentation.triaxialGroups";
        if (!findings.Sound("sensor.kind", Path))
        {
            return;
        }

        var first = new Dictionary<int, string>();
        for (int i = 0; i < config.Training.Augmentation.TriaxialGroups.Count; i++)
        {
            IReadOnlyList<int> group = config.Training.Augmentation.TriaxialGroups[i];
            for (int axis = 0; axis < group.Count; axis++)
            {
                string path = ConfigPath.Item(ConfigPath.Item(Path, i), axis);
                if (group[axis] >= SensorChannelCount)
                {
                    findings.AddContradiction(path, RuleText.Show(group[axis]),
                        $"less than {SensorChannelCount}, the number of channels that the sensor \"{config.Sensor.Kind}\" brings", "write the 0-based index of a channel");
                }
                else if (!first.TryAdd(group[axis], path))
                {
                    findings.AddContradiction(path, RuleText.Show(group[axis]), $"different from {first[group[axis]]}, because a channel is one axis of one sensor",
                        "write each channel once");
                }
            }
        }
    }

    private static void LabelsTeachSomething(DeviceConfig config, ConfigFindings findings)
    {
        var training = config.Training;
        if (findings.Sound("training.method", "training.contrastWeight", "training.crossEntropyWeight") && training is { Method: "edge" or "supconReplay", ContrastWeight: 0, CrossEntropyWeight: 0 })
        {
            findings.AddContradiction("training.contrastWeight", RuleText.Show(training.ContrastWeight), "above 0 when training.crossEntropyWeight is 0, because nothing else learns from labels",
                "set one of the two above 0");
        }
    }

    private static void ProvidersDifferAndEndInCpu(DeviceConfig config, ConfigFindings findings)
    {
        const string Path = "inference.providers";
        IReadOnlyList<string> providers = config.Inference.Providers;
        if (!findings.Sound(Path))
        {
            return;
        }

        if (providers.Distinct(StringComparer.Ordinal).Count() < providers.Count)
        {
            findings.AddContradiction(Path, RuleText.Show(providers), "a list without repetition", "name each provider once");
        }

        if (providers[^1] != "cpu")
        {
            findings.AddContradiction(Path, RuleText.Show(providers), "a list that ends in \"cpu\", so that there is always something to run on", "write \"cpu\" last");
        }
    }

    private static bool IsUciHar(DeviceConfig config, ConfigFindings findings) => findings.Sound("sensor.kind") && config.Sensor.Kind == "uciHar";
}
