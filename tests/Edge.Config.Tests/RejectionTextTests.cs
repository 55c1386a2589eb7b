namespace Edge.Config.Tests;

public class RejectionTextTests
{
    [Fact]
    public void One_reading_finds_everything_and_says_it_so()
    {
        const string Document = """
            {
              // written by hand, late in the evening
              "devise": { "id": "bench-1" },
              "sensor": { "kind": "uciHAR", "sampleRateHz": "50", "speed": -1 },
              "window": { "length": 64, "stride": 96.5, "ringCapacity": 99999999999, "length": 32 },
              "labels": {
                "classes": ["Tür", "tür", "unknown"],
                "sourceShare": 1e999,
                "sourceDelaySeconds": null,
              },
              "replay": { "capacity": 2 },
              "training": [],
              "inference": { "providers": ["cuda", "cpu", "gpu"], "stride": 1 },
              "telemetry": { "broker": "external", "port": 0, "user": 7 },
            }
            """;

        Assert.Equal("""
            test.json is refused for 17 reasons:
            - devise is an unknown key (line 3, column 3) but must be one of the keys of the document: device, sensor, window, labels, replay, training, promotion, drift, inference, readOut, telemetry, updates, metrics, sparkplug, homeAssistant; rename it to device or delete it.
            - sensor.kind is "uciHAR" (line 4, column 23) but must be one of "simulated", "uciHar"; write "uciHar", or delete it for the default "simulated".
            - sensor.sampleRateHz is "50" (line 4, column 49) but must be a number from 1 to 10000; write 50 without quotes.
            - sensor.speed is -1 (line 4, column 64) but must be a number from 0 to 1000; raise it to 0 or more, or delete it for the default 10.
            - window.stride is 96.5 (line 5, column 39) but must be an integer from 1 to 4096; round it to 96 or 97, or delete it for the default 64.
            - window.ringCapacity is 99999999999 (line 5, column 61) but must be an integer from 16 to 65536; lower it to 65536 or less, or delete it for the default 1024.
            - window.length is given again (line 5, column 74) but must be given once (first on line 5); delete one of the two.
            - labels.classes[1] is "tür" (line 7, column 24) but must be different from labels.classes[0], not only in upper and lower case; rename or delete one of the two.
            - labels.classes[2] is "unknown" (line 7, column 31) but must be another word than "unknown", which says that a window is near to no class; rename the class.
            - labels.sourceShare is 1e999 (line 8, column 20) but must be a number from 0 to 1; lower it to 1 or less, or delete it for the default 1.
            - labels.sourceDelaySeconds is null (line 9, column 27) but must be a number from 0 to 86400; give it a value, or delete it for the default 2.
            - replay.capacity is 2 (line 11, column 27) but must be at least the number of labels.classes, which is 3; raise it to 3 or more.
            - training is an empty list (line 12, column 15) but must be an object with the keys enabled, method, backbone, roundExamples, epochs, batchSize, replayBatchSize, learningRate, temperature, contrastWeight, crossEntropyWeight, distillationWeight, seed, threadCount, device, precision, microBatchSize, patienceEpochs, checkpointSeconds, timeBudgetSeconds, memoryBudgetMiB, maxAttempts, keepRounds, keepRoundsMiB, augmentation, constants; write { … }, or delete it for all defaults.
            - inference.providers[2] is "gpu" (line 13, column 47) but must be one of "tensorrt", "cuda", "cpu"; write "cpu", or delete the element.
            - inference.stride is an unknown key (line 13, column 55) but must be one of the keys of inference: providers, threadCount, backlogThreadCount, precision, unknownFalseAlarmPercent, unknownBelowSimilarity, temperature; move it to window.stride, or delete it.
            - telemetry.port is 0 (line 14, column 48) but must be from 1 to 65535 when telemetry.broker is "external"; write the broker's port, mostly 1883.
            - telemetry.user is 7 (line 14, column 59) but must be a text of at most 256 characters without control characters; write "7" in double quotes, or delete it for the default "".
            """, Verdicts.Of(Document).ToString());
    }
}
