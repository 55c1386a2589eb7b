using System.Text;

namespace Edge.Config.Tests;

public class SingleKeyTests
{
    [Theory]
    [InlineData("""{"windw":{}}""",
        "windw is an unknown key (line 1, column 2) but must be one of the keys of the document: device, sensor, window, labels, replay, training, promotion, drift, inference, readOut, telemetry, updates, metrics, sparkplug, homeAssistant; rename it to window or delete it.")]
    [InlineData("""{"Window":{}}""",
        "Window is an unknown key (line 1, column 2) but must be one of the keys of the document: device, sensor, window, labels, replay, training, promotion, drift, inference, readOut, telemetry, updates, metrics, sparkplug, homeAssistant; rename it to window or delete it.")]
    [InlineData("""{"zebra":1}""",
        "zebra is an unknown key (line 1, column 2) but must be one of the keys of the document: device, sensor, window, labels, replay, training, promotion, drift, inference, readOut, telemetry, updates, metrics, sparkplug, homeAssistant; delete it.")]
    [InlineData("""{"stride":32}""",
        "stride is an unknown key (line 1, column 2) but must be one of the keys of the document: device, sensor, window, labels, replay, training, promotion, drift, inference, readOut, telemetry, updates, metrics, sparkplug, homeAssistant; move it to window.stride, or delete it.")]
    [InlineData("""{"window":{"seed":1}}""",
        "window.seed is an unknown key (line 1, column 12) but must be one of the keys of window: length, stride, ringCapacity; move it to sensor.seed or replay.seed or training.seed, or delete it.")]
    [InlineData("""{"window":{"a.b\n":1}}""",
        """window["a.b\u000a"] is an unknown key (line 1, column 12) but must be one of the keys of window: length, stride, ringCapacity; delete it.""")]
    [InlineData("""{"sensor":{"$schema":"x"}}""",
        "sensor.$schema is an unknown key (line 1, column 12) but must be one of the keys of sensor: kind, sampleRateHz, speed, seed, simulated, uciHar; delete it.")]
    public void An_unknown_key_is_refused_with_the_one_that_was_meant(string json, string sentence) => Assert.Equal(sentence, Verdicts.OnlyProblem(Verdicts.Of(json)));

    [Theory]
    [InlineData("""{"window":{"stride":"32"}}""",
        """window.stride is "32" (line 1, column 21) but must be an integer from 1 to 4096; write 32 without quotes.""")]
    [InlineData("""{"window":{"stride":"many"}}""",
        """window.stride is "many" (line 1, column 21) but must be an integer from 1 to 4096; write a number, or delete it for the default 64.""")]
    [InlineData("""{"window":{"stride":32.5}}""",
        "window.stride is 32.5 (line 1, column 21) but must be an integer from 1 to 4096; round it to 32 or 33, or delete it for the default 64.")]
    [InlineData("""{"window":{"stride":4096.5}}""",
        "window.stride is 4096.5 (line 1, column 21) but must be an integer from 1 to 4096; write it without a fraction, or delete it for the default 64.")]
    [InlineData("""{"window":{"stride":null}}""",
        "window.stride is null (line 1, column 21) but must be an integer from 1 to 4096; give it a value, or delete it for the default 64.")]
    [InlineData("""{"window":{"stride":[32]}}""",
        "window.stride is a list of 1 (line 1, column 21) but must be an integer from 1 to 4096; write a number, or delete it for the default 64.")]
    [InlineData("""{"window":null}""",
        "window is null (line 1, column 11) but must be an object with the keys length, stride, ringCapacity; write { … }, or delete it for all defaults.")]
    [InlineData("""{"updates":{"accept":"true"}}""",
        """updates.accept is "true" (line 1, column 22) but must be true or false; write true without quotes.""")]
    [InlineData("""{"updates":{"accept":1}}""",
        "updates.accept is 1 (line 1, column 22) but must be true or false; write true or false, or delete it for the default true.")]
    [InlineData("""{"device":{"id":17}}""",
        """device.id is 17 (line 1, column 17) but must be a text that matches ^[A-Za-z0-9._-]{0,64}$; write "17" in double quotes, or delete it for the default "".""")]
    [InlineData("""{"inference":{"providers":"cpu"}}""",
        """inference.providers is "cpu" (line 1, column 27) but must be a list of 1 to 3 texts; write ["cpu"], or delete it for the default.""")]
    [InlineData("""{"inference":{"providers":["cuda",null,"cpu"]}}""",
        """inference.providers[1] is null (line 1, column 35) but must be one of "tensorrt", "cuda", "cpu"; write a text in double quotes, or delete the element.""")]
    [InlineData("""{"training":{"augmentation":{"triaxialGroups":"xyz"}}}""",
        """training.augmentation.triaxialGroups is "xyz" (line 1, column 47) but must be a list of at most 341 lists of three integers from 0 to 1023; write a list in square brackets, or delete it for the default.""")]
    [InlineData("""{"telemetry":{"forgettingAlarmByClass":["walking"]}}""",
        """telemetry.forgettingAlarmByClass is a list of 1 (line 1, column 40) but must be an object of at most 256 numbers from 0 to 100, each under a text of 1 to 64 characters without control characters; write it like {"a": 10}, or delete it for the default.""")]
    [InlineData("""{"labels":{"renamed":["walking"]}}""",
        """labels.renamed is a list of 1 (line 1, column 22) but must be an object of at most 256 names, each under another one, and each a text of 1 to 64 characters without control characters; write it like {"a": "b"}, or delete it for the default.""")]
    [InlineData("""{"labels":{"renamed":{"idle":5}}}""",
        """labels.renamed.idle is 5 (line 1, column 30) but must be a text of 1 to 64 characters without control characters; write such a text in double quotes, or delete the key.""")]
    [InlineData("""{"labels":{"renamed":{"":"sitting"}}}""",
        """labels.renamed[""] is "" (line 1, column 26) but must be a key that is a text of 1 to 64 characters without control characters; correct the key, or delete it.""")]
    [InlineData("""{"telemetry":{"forgettingAlarmByClass":{"walking":"5"}}}""",
        """telemetry.forgettingAlarmByClass.walking is "5" (line 1, column 51) but must be a number from 0 to 100; write such a number, or delete the key.""")]
    [InlineData("""{"training":{"augmentation":{"triaxialGroups":[[0,1,2],3]}}}""",
        "training.augmentation.triaxialGroups[1] is 3 (line 1, column 56) but must be a list of three integers from 0 to 1023; write it like [0, 1, 2], or delete the element.")]
    [InlineData("""{"training":{"augmentation":{"triaxialGroups":[[0,"1",2]]}}}""",
        """training.augmentation.triaxialGroups[0][1] is "1" (line 1, column 51) but must be an integer from 0 to 1023; write such a number, or delete the list of three.""")]
    [InlineData("""{"training":{"augmentation":[]}}""",
        "training.augmentation is an empty list (line 1, column 29) but must be an object with the keys jitter, scaling, magnitudeWarp, timeWarp, crop, channelDrop, rotationDegrees, triaxialGroups; write { … }, or delete it for all defaults.")]
    [InlineData("""{"$schema":17}""",
        "$schema is 17 (line 1, column 12) but must be a text, the place of the schema; write its path or URL, or delete the key.")]
    [InlineData("""[1,2]""",
        "the document is a list of 2 (line 1, column 1) but must be an object with sections such as device, sensor and window; write {} for all defaults.")]
    public void A_wrong_type_is_refused_with_the_right_one(string json, string sentence) => Assert.Equal(sentence, Verdicts.OnlyProblem(Verdicts.Of(json)));

    [Theory]
    [InlineData("""{"window":{"stride":0}}""",
        "window.stride is 0 (line 1, column 21) but must be an integer from 1 to 4096; raise it to 1 or more, or delete it for the default 64.")]
    [InlineData("""{"window":{"ringCapacity":65537}}""",
        "window.ringCapacity is 65537 (line 1, column 27) but must be an integer from 16 to 65536; lower it to 65536 or less, or delete it for the default 1024.")]
    [InlineData("""{"window":{"stride":99999999999999999999}}""",
        "window.stride is 99999999999999999999 (line 1, column 21) but must be an integer from 1 to 4096; lower it to 4096 or less, or delete it for the default 64.")]
    [InlineData("""{"sensor":{"speed":1e999}}""",
        "sensor.speed is 1e999 (line 1, column 20) but must be a number from 0 to 1000; lower it to 1000 or less, or delete it for the default 10.")]
    [InlineData("""{"sensor":{"speed":-1e999}}""",
        "sensor.speed is -1e999 (line 1, column 20) but must be a number from 0 to 1000; raise it to 0 or more, or delete it for the default 10.")]
    [InlineData("""{"drift":{"detectors":["adwn"]}}""",
        """drift.detectors[0] is "adwn" (line 1, column 24) but must be one of "inputs", "embedding", "prototypes", "pageHinkley", "distance", "margin", "labelError", "classMix", "perClassKs"; change it, or delete the element.""")]
    [InlineData("""{"drift":{"expectedRunWindows":999}}""",
        "drift.expectedRunWindows is 999 (line 1, column 32) but must be a number from 1000 to 1000000000; raise it to 1000 or more, or delete it for the default 10000.")]
    [InlineData("""{"drift":{"threshold":1e-7}}""",
        "drift.threshold is 1e-7 (line 1, column 23) but must be a number from 0.000001 to 1000000000; raise it to 0.000001 or more, or delete it for the default 8.")]
    [InlineData("""{"sensor":{"kind":"ucihar"}}""",
        """sensor.kind is "ucihar" (line 1, column 19) but must be one of "simulated", "uciHar"; write "uciHar", or delete it for the default "simulated".""")]
    [InlineData("""{"sensor":{"kind":"lidar"}}""",
        """sensor.kind is "lidar" (line 1, column 19) but must be one of "simulated", "uciHar"; change it, or delete it for the default "simulated".""")]
    [InlineData("""{"training":{"method":"er-ace"}}""",
        """training.method is "er-ace" (line 1, column 23) but must be one of "edge", "supconReplay", "scr", "co2l", "pcr", "er", "erAce", "derpp", "ewc", "lwf", "naive", "frozenRidge"; write "erAce", or delete it for the default "edge".""")]
    [InlineData("""{"device":{"id":"a b"}}""",
        """device.id is "a b" (line 1, column 17) but must be a text that matches ^[A-Za-z0-9._-]{0,64}$; change it, or delete it for the default "".""")]
    [InlineData("""{"device":{"dataDirectory":""}}""",
        """device.dataDirectory is "" (line 1, column 28) but must be a text of 1 to 4096 characters without control characters; change it, or delete it for the default "./edge-data".""")]
    [InlineData("""{"device":{"dataDirectory":"a\u0000b"}}""",
        """device.dataDirectory is "a\u0000b" (line 1, column 28) but must be a text of 1 to 4096 characters without control characters; change it, or delete it for the default "./edge-data".""")]
    [InlineData("""{"telemetry":{"topicRoot":"edge\n"}}""",
        """telemetry.topicRoot is "edge\u000a" (line 1, column 27) but must be a text of 1 to 128 characters that matches ^[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*$; change it, or delete it for the default "edge".""")]
    [InlineData("""{"telemetry":{"topicRoot":""}}""",
        """telemetry.topicRoot is "" (line 1, column 27) but must be a text of 1 to 128 characters that matches ^[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*$; change it, or delete it for the default "edge".""")]
    [InlineData("""{"telemetry":{"host":"my broker"}}""",
        """telemetry.host is "my broker" (line 1, column 22) but must be a text of 1 to 255 characters that matches ^[A-Za-z0-9._:%-]+$; change it, or delete it for the default "127.0.0.1".""")]
    [InlineData("""{"inference":{"providers":[]}}""",
        "inference.providers is an empty list (line 1, column 27) but must be a list of 1 to 3 texts; add to it, or delete it for the default.")]
    [InlineData("""{"inference":{"providers":["tpu","cpu"]}}""",
        """inference.providers[0] is "tpu" (line 1, column 28) but must be one of "tensorrt", "cuda", "cpu"; write "cpu", or delete the element.""")]
    [InlineData("""{"inference":{"providers":["cuda","tensorrt","cuda","cpu"]}}""",
        "inference.providers is a list of 4 (line 1, column 27) but must be a list of 1 to 3 texts; shorten it, or delete it for the default.")]
    [InlineData("""{"sensor":{"uciHar":{"classOrder":["a","b","c","d","e","f","g"]}}}""",
        "sensor.uciHar.classOrder is a list of 7 (line 1, column 35) but must be a list of at most 6 texts; shorten it, or delete it for the default.")]
    [InlineData("""{"training":{"augmentation":{"crop":0}}}""",
        "training.augmentation.crop is 0 (line 1, column 37) but must be a number from 0.1 to 1; raise it to 0.1 or more, or delete it for the default 1.")]
    [InlineData("""{"training":{"augmentation":{"triaxialGroups":[[0,1]]}}}""",
        "training.augmentation.triaxialGroups[0] is a list of 2 (line 1, column 48) but must be a list of three integers from 0 to 1023; write it like [0, 1, 2], or delete the element.")]
    [InlineData("""{"training":{"augmentation":{"triaxialGroups":[[0,1,-2]]}}}""",
        "training.augmentation.triaxialGroups[0][2] is -2 (line 1, column 53) but must be an integer from 0 to 1023; write such a number, or delete the list of three.")]
    [InlineData("""{"training":{"augmentation":{"triaxialGroups":[[0,1.5,2]]}}}""",
        "training.augmentation.triaxialGroups[0][1] is 1.5 (line 1, column 51) but must be an integer from 0 to 1023; write such a number, or delete the list of three.")]
    public void A_value_out_of_range_is_refused_with_the_range(string json, string sentence) => Assert.Equal(sentence, Verdicts.OnlyProblem(Verdicts.Of(json)));

    [Theory]
    [InlineData("""{"window":{"stride":1}}""")]
    [InlineData("""{"window":{"length":4096,"stride":4096}}""")]
    [InlineData("""{"window":{"stride":32.0}}""")]
    [InlineData("""{"window":{"stride":3.2e1}}""")]
    [InlineData("""{"sensor":{"speed":0}}""")]
    [InlineData("""{"sensor":{"speed":1000}}""")]
    [InlineData("""{"training":{"seed":2147483647}}""")]
    [InlineData("""{"training":{"augmentation":{"jitter":0,"scaling":1,"crop":0.1,"rotationDegrees":180,"channelDrop":1}}}""")]
    [InlineData("""{"training":{"augmentation":{"triaxialGroups":[[0,1.0,2],[8,7,6]]}}}""")]
    [InlineData("""{"telemetry":{"forgettingAlarmByClass":{"walking":0,"sitting":5.5}}}""")]
    [InlineData("""{"device":{"id":""}}""")]
    [InlineData("""{"device":{"dataDirectory":"/mnt/Größe 1"}}""")]
    [InlineData("""{"telemetry":{"topicRoot":"plant-7/hall.2/edge"}}""")]
    [InlineData("""{"telemetry":{"host":"::1"}}""")]
    [InlineData("""{"$schema":"https://example.org/any.json"}""")]
    public void The_ends_of_a_range_belong_to_it(string json) => Assert.True(Verdicts.Of(json).IsValid, Verdicts.Of(json).ToString());

    [Fact]
    public void A_key_given_twice_is_refused_even_with_the_same_value()
    {
        string sentence = Verdicts.OnlyProblem(Verdicts.Of("{\n  \"drift\": { \"delta\": 1,\n             \"delta\": 1 }\n}"));

        Assert.Equal("drift.delta is given again (line 3, column 14) but must be given once (first on line 2); delete one of the two.", sentence);
    }

    [Fact]
    public void Lengths_count_characters_and_not_code_units()
    {
        string Document(int count) => "{\"device\":{\"dataDirectory\":\"" + string.Concat(Enumerable.Repeat("🜁", count)) + "\"}}";

        Assert.True(Verdicts.Of(Document(4096)).IsValid);
        Assert.False(Verdicts.Of(Document(4097)).IsValid);
    }

    [Fact]
    public void What_is_read_arrives_in_the_record()
    {
        DeviceConfig config = Verdicts.Of("""
            {
              "device": { "id": "bench-1" }, "window": { "stride": 32 }, "sensor": { "speed": 2.5, "simulated": { "driftBiasG": -0.25 } },
              "inference": { "providers": ["cuda", "cpu"] }, "training": { "enabled": false, "augmentation": { "timeWarp": 0.2, "triaxialGroups": [[2, 1, 0], [3, 4, 5]] } }
            }
            """).Config!;

        Assert.Equal("bench-1", config.Device.Id);
        Assert.Equal(32, config.Window.Stride);
        Assert.Equal(2.5, config.Sensor.Speed);
        Assert.Equal(-0.25, config.Sensor.Simulated.DriftBiasG);
        Assert.Equal(["cuda", "cpu"], config.Inference.Providers);
        Assert.False(config.Training.Enabled);
        Assert.Equal(0.2, config.Training.Augmentation.TimeWarp);
        Assert.Equal([[2, 1, 0], [3, 4, 5]], config.Training.Augmentation.TriaxialGroups);
        Assert.Equal(128, config.Window.Length);
    }

    [Fact]
    public void Lines_and_columns_count_characters_from_one_without_the_byte_order_mark()
    {
        byte[] document = [0xEF, 0xBB, 0xBF, .. Encoding.UTF8.GetBytes("{\r\n/* ü🜁 */ \"drift\": 3 }")];
        ConfigProblem problem = Assert.Single(DeviceConfigReader.Read(document, "test.json").Problems);

        Assert.Equal((2, 19), (problem.Line, problem.Column));
    }

    [Fact]
    public void A_hostile_key_cannot_steer_the_terminal()
    {
        string text = Verdicts.Of("{\"\\u001b[2J\\u202e" + new string('x', 5000) + "\":\"\\u001b\"}").ToString();

        Assert.DoesNotContain(text, c => c is '\u001b' or '\u202e');
        Assert.True(text.Length < 1000, text);
    }
}
