using System.Text;

namespace Edge.Config.Tests;

public class DefaultDocumentTests
{
    [Fact]
    public void Device_json_is_the_full_default_document() =>
        DeviceConfigFolder.HoldsExactly("device.json", CanonicalConfig.WriteIndented(new DeviceConfig(), "./device.schema.json"));

    [Fact]
    public void Every_default_is_as_written_here()
    {
        // A changed default changes what every device in the field does that does not name the key: change this text on purpose or not at all.
        Assert.Equal(Pinned.Replace("\n", ""), Encoding.UTF8.GetString(CanonicalConfig.Write(new DeviceConfig())));
    }

    [Fact]
    public void An_empty_object_means_all_defaults()
    {
        ConfigVerdict verdict = DeviceConfigReader.Read("{}"u8, "nothing");

        Assert.True(verdict.IsValid);
        Assert.Equal(CanonicalConfig.Write(new DeviceConfig()), verdict.CanonicalUtf8);
        Assert.Equal(0, verdict.OmittedProblemCount);
    }

    [Fact]
    public void Device_json_read_back_is_the_default()
    {
        ConfigVerdict verdict = DeviceConfigReader.ReadFile(DeviceConfigFolder.PathOf("device.json"));

        Assert.True(verdict.IsValid, verdict.ToString());
        Assert.Equal(CanonicalConfig.Write(new DeviceConfig()), verdict.CanonicalUtf8);
        Assert.Equal(CanonicalConfig.Hash(verdict.CanonicalUtf8), verdict.Hash);
    }

    private const string Pinned = """
        {
        "device":{"id":"","dataDirectory":"./edge-data","fleet":"","groups":[]},
        "sensor":{"kind":"simulated","sampleRateHz":50,"speed":10,"seed":1,"simulated":{"activitySeconds":12,"noiseStd":0.05,"rangeG":16,"driftAfterSeconds":0,"driftRotationDegrees":0,"driftGain":1,"driftBiasG":0},"uciHar":{"path":"","classOrder":[],"judgeOn":"test"}},
        "window":{"length":128,"stride":64,"ringCapacity":1024},
        "labels":{"classes":["walking","walkingUpstairs","walkingDownstairs","sitting","standing","laying"],"renamed":{},"sourceShare":1,"sourceDelaySeconds":2,"requestsPerHour":12,"requestBelowMargin":0.2},
        "replay":{"capacity":306,"capacityKiB":0,"policy":"classBalanced","segmentSeconds":3600,"payload":"float32","anchorCapacity":60,"anchorShare":0.15,"anchorBlockSeconds":10,"freshCapacity":512,"commitBatchSize":64,"commitDelayMs":250,"copyMinutes":60,"keepCopies":2,"seed":1},
        "training":{"enabled":true,"method":"edge","backbone":"auto","roundExamples":256,"epochs":3,"batchSize":32,"replayBatchSize":64,"learningRate":0.001,"temperature":0.1,"contrastWeight":1,"crossEntropyWeight":1,"distillationWeight":1,"seed":1,"threadCount":0,"device":"auto","precision":"auto","microBatchSize":0,"patienceEpochs":2,"checkpointSeconds":5,"timeBudgetSeconds":600,"memoryBudgetMiB":1500,"maxAttempts":3,"keepRounds":3,"keepRoundsMiB":256,"augmentation":{"jitter":0.03,"scaling":0.1,"magnitudeWarp":0,"timeWarp":0,"crop":1,"channelDrop":0,"rotationDegrees":0,"triaxialGroups":[]},"constants":{"irdTemperature":0.2,"irdParentTemperature":0.05,"co2lTemperature":0.5,"co2lParentTemperature":0.01,"co2lDistillationWeight":1,"derLogitWeight":0.3,"derLabelWeight":0.5,"ewcStrength":1,"ewcDecay":0.95,"lwfDistillationWeight":1,"lwfTemperature":2,"pcrTemperature":0.09}},
        "promotion":{"maxAccuracyDropPoints":0.5,"maxClassDropPoints":25,"minAnchors":6,"maxParityError":1E-05,"keepSnapshots":5,"keepSnapshotsMiB":256,"pinnedSnapshot":""},
        "drift":{"detectors":["inputs","embedding","prototypes","pageHinkley","distance","margin","labelError"],"expectedRunWindows":10000,"referenceWindows":360,"refractorySeconds":300,"delta":0.05,"threshold":8,"minWindows":60,"distanceTest":"adwin","marginTest":"adwin","labelErrorTest":"hddmA"},
        "inference":{"providers":["tensorrt","cuda","cpu"],"threadCount":1,"backlogThreadCount":0,"precision":"float32","unknownFalseAlarmPercent":2,"unknownBelowSimilarity":0.2,"temperature":0.1},
        "readOut":{"kind":"auto","frozenFeatures":737,"frozenSeed":1,"copyWeight":0,"copyScaling":0.1,"copyRotationDegrees":20,"driftDiscount":1},
        "telemetry":{"broker":"embedded","host":"127.0.0.1","port":1883,"user":"","passwordFile":"","topicRoot":"edge","summarySeconds":5,"keepAliveSeconds":15,"queueCapacity":512,"queueKiB":4096,"queueHours":168,"inFlightWindow":32,"protocol":"5","forgettingMinutes":60,"forgettingAlarmPoints":20,"forgettingAlarmByClass":{},
        "tls":{"mode":"off","caFile":"","clientCertificateFile":"","clientKeyFile":"","checkHostName":true}},
        "updates":{"accept":true,"keysFile":"","acceptNewSnapshot":false,"acceptSnapshots":false,"maxSnapshotMiB":64,"trialSeconds":60,"graceSeconds":30,"trialAttempts":2,"maxLatencyP99Ms":250,"maxErrorPercent":5,"maxAccuracyDropPoints":5},
        "metrics":{"prometheus":"off","prometheusAddress":"127.0.0.1","prometheusPort":9464,"otlpEndpoint":"","otlpProtocol":"http/protobuf","otlpSeconds":60},
        "sparkplug":{"mode":"off","groupId":"edge","nodeId":"","deviceId":"classifier","primaryHost":"","publishSeconds":5,"silentSeconds":30},
        "homeAssistant":{"discovery":"off","prefix":"homeassistant"}}
        """;
}
