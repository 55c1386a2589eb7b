namespace Edge.Config.Tests;

public class CrossFieldRuleTests
{
    [Theory]
    [InlineData("""{"window":{"length":64,"stride":65}}""",
        "window.stride is 65 (line 1, column 33) but must be at most window.length, which is 64, so that no sample falls between two windows; lower window.stride or raise window.length.")]
    [InlineData("""{"window":{"length":32}}""",
        "window.stride is 64, the default, but must be at most window.length, which is 32, so that no sample falls between two windows; lower window.stride or raise window.length.")]
    [InlineData("""{"window":{"ringCapacity":16},"labels":{"sourceDelaySeconds":20.48}}""",
        "labels.sourceDelaySeconds is 20.48 (line 1, column 62) but must be less than the 20.48 s for which the window ring holds a window (window.ringCapacity * window.stride / sensor.sampleRateHz); shorten the delay or raise window.ringCapacity.")]
    [InlineData("""{"sensor":{"kind":"uciHar","sampleRateHz":100}}""",
        """sensor.sampleRateHz is 100 (line 1, column 43) but must be 50 when sensor.kind is "uciHar", which is recorded at that rate; write 50; sensor.speed is what makes the stream faster.""")]
    [InlineData("""{"sensor":{"kind":"uciHar"},"window":{"length":256}}""",
        """window.length is 256 (line 1, column 48) but must be 128 when sensor.kind is "uciHar", whose windows are recorded so; write 128.""")]
    [InlineData("""{"sensor":{"kind":"uciHar"},"window":{"stride":128}}""",
        """window.stride is 128 (line 1, column 48) but must be 64 when sensor.kind is "uciHar", whose windows are recorded so; write 64.""")]
    [InlineData("""{"sensor":{"kind":"uciHar","uciHar":{"classOrder":["laying","sitting"]}}}""",
        """sensor.uciHar.classOrder is ["laying", "sitting"] (line 1, column 51) but must be empty or the six names walking, walkingUpstairs, walkingDownstairs, sitting, standing, laying, each once, in any order; write all six, or delete it for the order of the archive.""")]
    [InlineData("""{"sensor":{"kind":"uciHar"},"labels":{"classes":["walking","walkingUpstairs","walkingDownstairs","sitting"]}}""",
        """labels.classes is ["walking", "walkingUpstairs", "walkingDownstairs", "sitting"] (line 1, column 49) but must be a list that contains what the sensor "uciHar" brings; missing: standing, laying; add what is missing, say in labels.renamed what has another name, or delete labels.classes for the default.""")]
    [InlineData("""{"labels":{"classes":["idle"]}}""",
        """labels.classes is ["idle"] (line 1, column 22) but must be a list that contains what the sensor "simulated" brings; missing: walking, walkingUpstairs, walkingDownstairs, sitting, standing, laying; add what is missing, say in labels.renamed what has another name, or delete labels.classes for the default.""")]
    [InlineData("""{"labels":{"classes":["walking","walkingUpstairs","walkingDownstairs","sitting","standing","laying","Sitting"]}}""",
        """labels.classes[6] is "Sitting" (line 1, column 101) but must be different from labels.classes[3], not only in upper and lower case; rename or delete one of the two.""")]
    [InlineData("""{"labels":{"classes":["walking","walkingUpstairs","walkingDownstairs","sitting","standing","laying","Unknown"]}}""",
        """labels.classes[6] is "Unknown" (line 1, column 101) but must be another word than "unknown", which says that a window is near to no class; rename the class.""")]
    [InlineData("""{"labels":{"classes":["walking","walkingUpstairs","walkingDownstairs","sitting","standing","laying","  "]}}""",
        """labels.classes[6] is "  " (line 1, column 101) but must be a name that is not blank and has no white space at its ends; name the class.""")]
    [InlineData("""{"labels":{"classes":["walking","walkingUpstairs","walkingDownstairs","sitting","standing","laying","fall "]}}""",
        """labels.classes[6] is "fall " (line 1, column 101) but must be a name that is not blank and has no white space at its ends; write "fall".""")]
    [InlineData("""{"replay":{"capacity":5}}""",
        "replay.capacity is 5 (line 1, column 23) but must be at least the number of labels.classes, which is 6; raise it to 6 or more.")]
    [InlineData("""{"replay":{"capacityKiB":26}}""",
        "replay.capacityKiB is 26 (line 1, column 26) but must be 0, which is no limit, or at least one window of 4608 bytes for each of the 6 labels.classes; raise it to 27 or more.")]
    [InlineData("""{"replay":{"capacityKiB":13,"payload":"int16"}}""",
        "replay.capacityKiB is 13 (line 1, column 26) but must be 0, which is no limit, or at least one window of 2376 bytes for each of the 6 labels.classes; raise it to 14 or more.")]
    [InlineData("""{"replay":{"anchorCapacity":5},"promotion":{"minAnchors":5}}""",
        "replay.anchorCapacity is 5 (line 1, column 29) but must be at least the number of labels.classes, which is 6; raise it to 6 or more.")]
    [InlineData("""{"promotion":{"minAnchors":61}}""",
        "replay.anchorCapacity is 60, the default, but must be at least promotion.minAnchors, which is 61, so that candidates are judged at all; raise replay.anchorCapacity or lower promotion.minAnchors.")]
    [InlineData("""{"replay":{"freshCapacity":255}}""",
        "replay.freshCapacity is 255 (line 1, column 28) but must be at least training.roundExamples, which is 256, so that a round can become due; raise replay.freshCapacity or lower training.roundExamples.")]
    [InlineData("""{"training":{"roundExamples":513}}""",
        "replay.freshCapacity is 512, the default, but must be at least training.roundExamples, which is 513, so that a round can become due; raise replay.freshCapacity or lower training.roundExamples.")]
    [InlineData("""{"telemetry":{"forgettingAlarmByClass":{"walking":5,"falling":2.5}}}""",
        "telemetry.forgettingAlarmByClass.falling is 2.5 (line 1, column 63) but must be under a name of labels.classes: walking, walkingUpstairs, walkingDownstairs, sitting, standing, laying; correct the name, or delete it.")]
    [InlineData("""{"training":{"contrastWeight":0,"crossEntropyWeight":0}}""",
        "training.contrastWeight is 0 (line 1, column 31) but must be above 0 when training.crossEntropyWeight is 0, because nothing else learns from labels; set one of the two above 0.")]
    [InlineData("""{"training":{"augmentation":{"triaxialGroups":[[0,1,2],[3,4,9]]}}}""",
        """training.augmentation.triaxialGroups[1][2] is 9 (line 1, column 61) but must be less than 9, the number of channels that the sensor "simulated" brings; write the 0-based index of a channel.""")]
    [InlineData("""{"training":{"augmentation":{"triaxialGroups":[[0,1,2],[3,1,5]]}}}""",
        "training.augmentation.triaxialGroups[1][1] is 1 (line 1, column 59) but must be different from training.augmentation.triaxialGroups[0][1], because a channel is one axis of one sensor; write each channel once.")]
    [InlineData("""{"inference":{"providers":["cpu","cpu"]}}""",
        """inference.providers is ["cpu", "cpu"] (line 1, column 27) but must be a list without repetition; name each provider once.""")]
    [InlineData("""{"inference":{"providers":["cpu","cuda"]}}""",
        """inference.providers is ["cpu", "cuda"] (line 1, column 27) but must be a list that ends in "cpu", so that there is always something to run on; write "cpu" last.""")]
    [InlineData("""{"telemetry":{"broker":"external","port":0}}""",
        """telemetry.port is 0 (line 1, column 42) but must be from 1 to 65535 when telemetry.broker is "external"; write the broker's port, mostly 1883.""")]
    [InlineData("""{"telemetry":{"tls":{"mode":"on"}}}""",
        """telemetry.tls.mode is "on" (line 1, column 29) but must be "off" when telemetry.broker is "embedded", which never leaves this machine and speaks no TLS; write "off", or set telemetry.broker to "external".""")]
    [InlineData("""{"telemetry":{"tls":{"clientKeyFile":"k.pem"}}}""",
        """telemetry.tls.clientKeyFile is "k.pem" (line 1, column 38) but must be empty when telemetry.tls.clientCertificateFile is empty: a key without its certificate says nothing; name the certificate's file as well.""")]
    [InlineData("""{"telemetry":{"broker":"none"},"sparkplug":{"mode":"on"}}""",
        """sparkplug.mode is "on" (line 1, column 52) but must be "off" when telemetry.broker is "none"; write "off", or name a broker.""")]
    [InlineData("""{"telemetry":{"broker":"none"},"homeAssistant":{"discovery":"on"}}""",
        """homeAssistant.discovery is "on" (line 1, column 61) but must be "off" when telemetry.broker is "none"; write "off", or name a broker.""")]
    [InlineData("""{"sensor":{"speed":1},"sparkplug":{"mode":"on","silentSeconds":1.28}}""",
        "sparkplug.silentSeconds is 1.28 (line 1, column 64) but must be 0, or more than the 1.28 s between two windows (window.stride / sensor.sampleRateHz / sensor.speed); raise it, or write 0.")]
    [InlineData("""{"labels":{"renamed":{"idle":"resting"}}}""",
        """labels.renamed.idle is "resting" (line 1, column 30) but must be a name of labels.classes: walking, walkingUpstairs, walkingDownstairs, sitting, standing, laying; add it there, or correct it.""")]
    [InlineData("""{"labels":{"renamed":{"walking":"sitting"}}}""",
        """labels.renamed.walking is "sitting" (line 1, column 33) but must be under a key that is not in labels.classes, and "walking" is; take "walking" out of labels.classes, or delete the entry to keep the name.""")]
    [InlineData("""{"labels":{"renamed":{"idle":"idle"}}}""",
        """labels.renamed.idle is "idle" (line 1, column 30) but must be another name than its key; delete the entry; a class that keeps its name needs none.""")]
    [InlineData("""{"labels":{"renamed":{"idle":"sitting","resting":"sitting"}}}""",
        """labels.renamed.resting is "sitting" (line 1, column 50) but must be another name than that of "idle", since two classes do not become one; delete one of the two; it says which of both names is on the disk.""")]
    [InlineData("""{"labels":{"renamed":{"idle":"resting","resting":"sitting"}}}""",
        """labels.renamed.idle is "resting" (line 1, column 30) but must be a name that is not renamed further, since a key is the name under which the class was first stored; write {"idle": "sitting"} and delete the entry "resting".""")]
    [InlineData("""{"labels":{"renamed":{"Unknown":"sitting"}}}""",
        """labels.renamed.Unknown is "sitting" (line 1, column 33) but must be from and to another word than "unknown", which says that a window is near to no class; delete the entry.""")]
    [InlineData("""{"labels":{"classes":["walkingUpstairs","walkingDownstairs","sitting","standing","laying"],"renamed":{"walking":"sitting"}}}""",
        """labels.renamed.walking is "sitting" (line 1, column 113) but must be a name that the sensor "simulated" does not bring for another class; choose another name.""")]
    public void A_contradiction_is_refused_at_the_key_to_change(string json, string sentence) => Assert.Equal(sentence, Verdicts.OnlyProblem(Verdicts.Of(json)));

    [Theory]
    [InlineData("""{"window":{"length":64,"stride":64}}""")]
    [InlineData("""{"window":{"ringCapacity":16},"labels":{"sourceDelaySeconds":20.47}}""")]
    [InlineData("""{"sensor":{"sampleRateHz":100,"uciHar":{"classOrder":["other"]}}}""")]
    [InlineData("""{"sensor":{"kind":"uciHar","uciHar":{"classOrder":["laying","standing","sitting","walkingDownstairs","walkingUpstairs","walking"]}}}""")]
    [InlineData("""{"labels":{"classes":["fall","laying","standing","sitting","walkingDownstairs","walkingUpstairs","walking"]}}""")]
    [InlineData("""{"labels":{"classes":["jogging","walkingUpstairs","walkingDownstairs","sitting","standing","laying"],"renamed":{"walking":"jogging"}}}""")]
    [InlineData("""{"labels":{"renamed":{"idle":"sitting"}}}""")]
    [InlineData("""{"replay":{"capacity":6,"anchorCapacity":6}}""")]
    [InlineData("""{"replay":{"capacityKiB":27}}""")]
    [InlineData("""{"replay":{"capacityKiB":14,"payload":"float16"}}""")]
    [InlineData("""{"replay":{"freshCapacity":256}}""")]
    [InlineData("""{"promotion":{"minAnchors":60}}""")]
    [InlineData("""{"training":{"augmentation":{"triaxialGroups":[[6,7,8],[2,1,0]]}}}""")]
    [InlineData("""{"telemetry":{"broker":"embedded","port":0}}""")]
    [InlineData("""{"telemetry":{"broker":"none","port":0}}""")]
    [InlineData("""{"telemetry":{"broker":"external","tls":{"mode":"on","clientCertificateFile":"c.pem"}}}""")]
    [InlineData("""{"inference":{"providers":["cpu"]}}""")]
    [InlineData("""{"sensor":{"speed":1},"sparkplug":{"mode":"on","silentSeconds":1.29}}""")]
    [InlineData("""{"sensor":{"speed":1},"sparkplug":{"mode":"off","silentSeconds":1}}""")]
    public void What_only_just_fits_is_accepted(string json) => Assert.True(Verdicts.Of(json).IsValid, Verdicts.Of(json).ToString());

    [Theory]
    [InlineData("""{"window":{"length":32,"stride":"16"}}""", "window.stride")]
    [InlineData("""{"window":{"length":32,"strid":16}}""", "window.strid")]
    [InlineData("""{"window":{"length":32},"stride":16}""", "stride")]
    [InlineData("""{"replay":{"capacity":4},"labels":{"classes":["a",2]}}""", "labels.classes[1]")]
    [InlineData("""{"sensor":{"kind":"ucihar"},"labels":{"classes":["a"]}}""", "sensor.kind")]
    [InlineData("""{"window":7,"labels":{"sourceDelaySeconds":5000}}""", "window")]
    public void A_rule_is_silent_about_a_default_that_stands_in_for_a_broken_value(string json, string path) => Assert.Equal(path, Assert.Single(Verdicts.Of(json).Problems).Path);

    [Fact]
    public void One_contradiction_does_not_hide_another()
    {
        ConfigVerdict verdict = Verdicts.Of("""{"replay":{"anchorCapacity":5},"labels":{"classes":["a","A"]}}""");

        Assert.Equal(["replay.anchorCapacity", "labels.classes", "labels.classes[1]"], verdict.Problems.Select(p => p.Path));
    }

    [Fact]
    public void Contradictions_and_broken_keys_come_in_one_verdict()
    {
        ConfigVerdict verdict = Verdicts.Of("""{"window":{"length":64,"stride":65},"drift":{"delta":-1},"telemetry":{"broker":"external","port":0}}""");

        Assert.Equal(["window.stride", "drift.delta", "telemetry.port"], verdict.Problems.Select(p => p.Path));
    }
}
