namespace Edge.Config;

/// <summary>
/// What keys must be to one another. One method per rule. A rule whose keys already have problems of their own stays silent: it would speak about a default
/// that the operator did not choose.
/// </summary>
internal static class CrossFieldRules
{
    /// <summary>The word for a window that is near to no class; no class can bear it.</summary>
    public const string ReservedClass = "unknown";

    /// <summary>The six activities that the simulated IMU and the recorded archive bring: the default of <c>labels.classes</c>.</summary>
    private static readonly IReadOnlyList<string> Activities = new LabelsSection().Classes;

    /// <summary>Channels of the simulated IMU and of the recorded archive.</summary>
    private const int SensorChannelCount = 9;

    /// <summary>Adds a problem for each rule that <paramref name="config"/> breaks.</summary>
    public static void Check(DeviceConfig config, ConfigFindings findings)
    {
        RecordedRateIsKept(config, findings);
        RecordedWindowIsKept(config, findings);
        ClassOrderIsAPermutation(config, findings);
        StrideIsWithinLength(config, findings);
        ClassNamesCanBeToldApart(config, findings);
        SensorsClassesAreNamed(config, findings);
        LateLabelsFindTheirWindow(config, findings);
        ReplayHoldsEveryClass(config, findings);
        ReplayBytesHoldEveryClass(config, findings);
        AnchorsCoverEveryClass(config, findings);
        AnchorsSufficeToJudge(config, findings);
        FreshExamplesHoldARound(config, findings);
        AxesAreChannelsOfTheirOwn(config, findings);
        ProvidersDifferAndEndInCpu(config, findings);
        ExternalBrokerHasAPort(config, findings);
        TlsIsForAnExternalBroker(config, findings);
        ClientKeyHasACertificate(config, findings);
        OthersNeedABroker(config, findings);
        WindowsComeWhileTheSparkplugDeviceLives(config, findings);
    }

    private static void RecordedRateIsKept(DeviceConfig config, ConfigFindings findings)
    {
        double rate = config.Sensor.SampleRateHz;
        if (IsUciHar(config, findings) && findings.Sound("sensor.sampleRateHz") && rate != 50)
        {
            findings.AddContradiction("sensor.sampleRateHz", Show(rate), "50 when sensor.kind is \"uciHar\", which is recorded at that rate",
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
                findings.AddContradiction(path, Show(value), $"{recorded} when sensor.kind is \"uciHar\", whose windows are recorded so", $"write {recorded}");
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
            findings.AddContradiction(Path, Show(order), $"empty or the six names {string.Join(", ", Activities)}, each once, in any order",
                "write all six, or delete it for the order of the archive");
        }
    }

    private static void StrideIsWithinLength(DeviceConfig config, ConfigFindings findings)
    {
        if (findings.Sound("window.stride", "window.length") && config.Window.Stride > config.Window.Length)
        {
            findings.AddContradiction("window.stride", Show(config.Window.Stride),
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
        string[] missing = [.. Activities.Except(config.Labels.Classes, StringComparer.Ordinal)];
        if (findings.Sound("sensor.kind", Path) && missing.Length > 0)
        {
            findings.AddContradiction(Path, Show(config.Labels.Classes),
                $"a list that contains what the sensor \"{config.Sensor.Kind}\" brings; missing: {string.Join(", ", missing)}",
                "add what is missing, or delete labels.classes for the default");
        }
    }

    private static void LateLabelsFindTheirWindow(DeviceConfig config, ConfigFindings findings)
    {
        double heldSeconds = (double)config.Window.RingCapacity * config.Window.Stride / config.Sensor.SampleRateHz;
        double delay = config.Labels.SourceDelaySeconds;
        if (findings.Sound("labels.sourceDelaySeconds", "window.ringCapacity", "window.stride", "sensor.sampleRateHz") && delay >= heldSeconds)
        {
            findings.AddContradiction("labels.sourceDelaySeconds", Show(delay),
                $"less than the {Show(Math.Round(heldSeconds, 3))} s for which the window ring holds a window"
                    + " (window.ringCapacity * window.stride / sensor.sampleRateHz)",
                "shorten the delay or raise window.ringCapacity");
        }
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
        long values = (long)SensorChannelCount * config.Window.Length;
        long windowBytes = config.Replay.Payload == "float32" ? values * 4 : values * 2 + (config.Replay.Payload == "int16" ? SensorChannelCount * 8 : 0);
        int classes = config.Labels.Classes.Count;
        long neededKiB = (classes * windowBytes + 1023) / 1024;
        if (config.Replay.CapacityKiB < neededKiB)
        {
            findings.AddContradiction("replay.capacityKiB", Show(config.Replay.CapacityKiB),
                $"0, which is no limit, or at least one window of {windowBytes} bytes for each of the {classes} labels.classes", $"raise it to {neededKiB} or more");
        }
    }

    private static void AnchorsCoverEveryClass(DeviceConfig config, ConfigFindings findings) =>
        HoldsEveryClass("replay.anchorCapacity", config.Replay.AnchorCapacity, config, findings);

    private static void AnchorsSufficeToJudge(DeviceConfig config, ConfigFindings findings)
    {
        if (findings.Sound("replay.anchorCapacity", "promotion.minAnchors") && config.Replay.AnchorCapacity < config.Promotion.MinAnchors)
        {
            findings.AddContradiction("replay.anchorCapacity", Show(config.Replay.AnchorCapacity),
                $"at least promotion.minAnchors, which is {config.Promotion.MinAnchors}, so that candidates are judged at all",
                "raise replay.anchorCapacity or lower promotion.minAnchors");
        }
    }

    private static void FreshExamplesHoldARound(DeviceConfig config, ConfigFindings findings)
    {
        if (findings.Sound("replay.freshCapacity", "training.roundExamples") && config.Replay.FreshCapacity < config.Training.RoundExamples)
        {
            findings.AddContradiction("replay.freshCapacity", Show(config.Replay.FreshCapacity),
                $"at least training.roundExamples, which is {config.Training.RoundExamples}, so that a round can become due",
                "raise replay.freshCapacity or lower training.roundExamples");
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
                    findings.AddContradiction(path, Show(group[axis]),
                        $"less than {SensorChannelCount}, the number of channels that the sensor \"{config.Sensor.Kind}\" brings", "write the 0-based index of a channel");
                }
                else if (!first.TryAdd(group[axis], path))
                {
                    findings.AddContradiction(path, Show(group[axis]), $"different from {first[group[axis]]}, because a channel is one axis of one sensor",
                        "write each channel once");
                }
            }
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
            findings.AddContradiction(Path, Show(providers), "a list without repetition", "name each provider once");
        }

        if (providers[^1] != "cpu")
        {
            findings.AddContradiction(Path, Show(providers), "a list that ends in \"cpu\", so that there is always something to run on", "write \"cpu\" last");
        }
    }

    private static void ExternalBrokerHasAPort(DeviceConfig config, ConfigFindings findings)
    {
        if (findings.Sound("telemetry.broker", "telemetry.port") && config.Telemetry is { Broker: "external", Port: 0 })
        {
            findings.AddContradiction("telemetry.port", "0", "from 1 to 65535 when telemetry.broker is \"external\"", "write the broker's port, mostly 1883");
        }
    }

    private static void TlsIsForAnExternalBroker(DeviceConfig config, ConfigFindings findings)
    {
        if (findings.Sound("telemetry.broker", "telemetry.tls.mode") && config.Telemetry is { Broker: "embedded", Tls.Mode: "on" })
        {
            findings.AddContradiction("telemetry.tls.mode", "\"on\"", "\"off\" when telemetry.broker is \"embedded\", which never leaves this machine and speaks no TLS",
                "write \"off\", or set telemetry.broker to \"external\"");
        }
    }

    private static void ClientKeyHasACertificate(DeviceConfig config, ConfigFindings findings)
    {
        const string Path = "telemetry.tls.clientKeyFile";
        TlsSection tls = config.Telemetry.Tls;
        if (findings.Sound(Path, "telemetry.tls.clientCertificateFile") && tls.ClientKeyFile.Length > 0 && tls.ClientCertificateFile.Length == 0)
        {
            findings.AddContradiction(Path, JsonPart.Quote(tls.ClientKeyFile), "empty when telemetry.tls.clientCertificateFile is empty: a key without its certificate says nothing",
                "name the certificate's file as well");
        }
    }

    private static void OthersNeedABroker(DeviceConfig config, ConfigFindings findings)
    {
        Require("sparkplug.mode", config.Sparkplug.Mode);
        Require("homeAssistant.discovery", config.HomeAssistant.Discovery);

        void Require(string path, string value)
        {
            if (findings.Sound(path, "telemetry.broker") && value == "on" && config.Telemetry.Broker == "none")
            {
                findings.AddContradiction(path, "\"on\"", "\"off\" when telemetry.broker is \"none\"", "write \"off\", or name a broker");
            }
        }
    }

    private static void WindowsComeWhileTheSparkplugDeviceLives(DeviceConfig config, ConfigFindings findings)
    {
        const string Path = "sparkplug.silentSeconds";
        double silent = config.Sparkplug.SilentSeconds;
        double apart = config.Window.Stride / config.Sensor.SampleRateHz / (config.Sensor.Speed > 0 ? config.Sensor.Speed : 1);
        if (findings.Sound(Path, "sparkplug.mode", "window.stride", "sensor.sampleRateHz", "sensor.speed") && config.Sparkplug.Mode == "on" && silent > 0 && silent <= apart)
        {
            findings.AddContradiction(Path, Show(silent), $"0, or more than the {Show(Math.Round(apart, 3))} s between two windows (window.stride / sensor.sampleRateHz / sensor.speed)",
                "raise it, or write 0");
        }
    }

    private static void HoldsEveryClass(string path, int capacity, DeviceConfig config, ConfigFindings findings)
    {
        int classes = config.Labels.Classes.Count;
        if (findings.Sound(path, "labels.classes") && capacity < classes)
        {
            findings.AddContradiction(path, Show(capacity), $"at least the number of labels.classes, which is {classes}", $"raise it to {classes} or more");
        }
    }

    private static bool IsUciHar(DeviceConfig config, ConfigFindings findings) => findings.Sound("sensor.kind") && config.Sensor.Kind == "uciHar";

    private static string Show(double number) => FieldLimits.Plain(number);

    private static string Show(IReadOnlyList<string> texts)
    {
        string json = "[" + string.Join(", ", texts.Take(8).Select(JsonPart.Quote)) + (texts.Count > 8 ? ", …]" : "]");
        return json.Length <= 200 ? json : $"a list of {texts.Count}";
    }
}
