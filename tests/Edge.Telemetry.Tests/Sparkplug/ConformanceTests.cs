using Edge.Telemetry.Sparkplug;
using Metric = Edge.Telemetry.Sparkplug.Wire.Payload.Types.Metric;

namespace Edge.Telemetry.Tests.Sparkplug;

/// <summary>
/// Claims about a recorded life of the node, each named by the conformance statement of the Sparkplug 3.0 specification that it checks (its <c>tck-id-…</c>, with '_' for '-'). Derived from the ids; not the official compatibility kit.
/// </summary>
#pragma warning disable CA1707, IDE1006 // The names are the specification's.
public sealed class ConformanceTests(NodeLife life) : IClassFixture<NodeLife>
{
    private static readonly string[] Born = ["NBIRTH", "DBIRTH"], Data = ["NDATA", "DDATA"];

    [Fact]
    public void tck_id_topics_nbirth_topic() => Assert.All(life.Of("NBIRTH"), heard => Assert.Equal("spBv1.0/plant 1/NBIRTH/pump-7", heard.Topic));

    [Fact]
    public void tck_id_topics_dbirth_topic() => Assert.All(life.Of("DBIRTH"), heard => Assert.Equal("spBv1.0/plant 1/DBIRTH/pump-7/classifier", heard.Topic));

    [Fact]
    public void tck_id_topics_ndata_topic() => Assert.All(life.Of("NDATA"), heard => Assert.Equal("spBv1.0/plant 1/NDATA/pump-7", heard.Topic));

    [Fact]
    public void tck_id_topics_ddata_topic() => Assert.All(life.Of("DDATA"), heard => Assert.Equal("spBv1.0/plant 1/DDATA/pump-7/classifier", heard.Topic));

    [Fact]
    public void tck_id_topics_ndeath_topic() => Assert.All(life.Of("NDEATH"), heard => Assert.Equal("spBv1.0/plant 1/NDEATH/pump-7", heard.Topic));

    [Fact]
    public void tck_id_topics_ddeath_topic() => Assert.All(life.Of("DDEATH"), heard => Assert.Equal("spBv1.0/plant 1/DDEATH/pump-7/classifier", heard.Topic));

    [Theory]
    [InlineData("NBIRTH")] // tck-id-topics-nbirth-mqtt, tck-id-payloads-nbirth-qos, -retain
    [InlineData("DBIRTH")] // tck-id-topics-dbirth-mqtt
    [InlineData("NDATA")] // tck-id-topics-ndata-mqtt
    [InlineData("DDATA")] // tck-id-topics-ddata-mqtt
    [InlineData("DDEATH")] // tck-id-topics-ddeath-mqtt
    public void tck_id_topics_x_mqtt_quality_0_and_not_retained(string verb)
    {
        Assert.NotEmpty(life.Of(verb));
        Assert.All(life.Of(verb), heard => Assert.Equal((0, false), (heard.QualityOfService, heard.IsRetained)));
    }

    [Fact]
    public void tck_id_payloads_ndeath_will_message_qos() => Assert.All(life.Of("NDEATH"), heard => Assert.Equal(1, heard.QualityOfService));

    [Fact]
    public void tck_id_payloads_ndeath_will_message_retain() => Assert.All(life.Of("NDEATH"), heard => Assert.False(heard.IsRetained));

    [Fact]
    public void tck_id_topics_nbirth_seq_num() => Assert.All(life.Of("NBIRTH"), heard => Assert.Equal((true, 0ul), (heard.Payload.HasSeq, heard.Payload.Seq)));

    [Fact]
    public void tck_id_payloads_sequence_num_incrementing()
    {
        foreach (IReadOnlyList<Heard> sequence in life.Births())
        {
            Assert.Equal("NBIRTH", sequence[0].Verb);
            Assert.Equal(Enumerable.Range(0, sequence.Count).Select(i => (ulong)(i % 256)), sequence.Select(heard => heard.Payload.Seq));
        }

        Assert.Contains(life.Births(), sequence => sequence.Count > 256); // Or nothing is said of the step from 255 to 0.
    }

    [Fact]
    public void tck_id_payloads_sequence_num_always_included() => Assert.All(life.All.Where(heard => heard.Verb != "NDEATH"), heard => Assert.True(heard.Payload.HasSeq));

    [Fact]
    public void tck_id_topics_ndeath_seq() => Assert.All(life.Of("NDEATH"), heard => Assert.False(heard.Payload.HasSeq));

    [Fact]
    public void tck_id_topics_ndeath_payload() => Assert.All(life.Of("NDEATH"), heard => Assert.Equal(("bdSeq", (uint)SparkplugType.Int64), (Assert.Single(heard.Payload.Metrics).Name, heard.Payload.Metrics[0].Datatype)));

    [Fact]
    public void tck_id_topics_nbirth_timestamp() => Assert.All(life.All, heard => Assert.InRange(DateTimeOffset.FromUnixTimeMilliseconds((long)heard.Payload.Timestamp), DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow));

    [Fact]
    public void tck_id_payloads_name_birth_data_requirement() => Assert.All(life.All.SelectMany(heard => heard.Payload.Metrics), metric => Assert.True(metric.HasTimestamp, metric.Name));

    [Fact]
    public void tck_id_payloads_name_requirement() => Assert.All(life.All.SelectMany(heard => heard.Payload.Metrics), metric => Assert.True(metric.HasName && metric.Name.Length > 0));

    [Fact]
    public void tck_id_topics_nbirth_metrics() => Assert.All(Metrics(Born), metric => Assert.True(metric.HasDatatype && (metric.IsNull || metric.ValueCase == CaseOf(metric.Datatype)), metric.ToString()));

    [Fact]
    public void tck_id_payloads_metric_datatype_req() => Assert.All(Metrics(Born), metric => Assert.True(metric.HasDatatype, metric.Name));

    [Fact]
    public void tck_id_payloads_metric_datatype_not_req() => Assert.All(Metrics(Data), metric => Assert.False(metric.HasDatatype, metric.Name));

    [Theory]
    [InlineData("NBIRTH", "NDATA")] // tck-id-topics-nbirth-metric-reqs
    [InlineData("DBIRTH", "DDATA")] // tck-id-topics-dbirth-metric-reqs
    public void tck_id_topics_x_birth_metric_reqs(string birth, string data)
    {
        HashSet<string> born = [.. life.Of(birth)[0].Payload.Metrics.Select(metric => metric.Name)];
        Assert.NotEmpty(life.Of(data));
        Assert.All(life.Of(data).SelectMany(heard => heard.Payload.Metrics), metric => Assert.Contains(metric.Name, born));
        Assert.All(life.Of(birth), heard => Assert.Equal(born.Order(), heard.Payload.Metrics.Select(metric => metric.Name).Order()));
    }

    [Fact]
    public void tck_id_topics_nbirth_bdseq_included() => Assert.All(life.Of("NBIRTH"), heard => Assert.Equal((uint)SparkplugType.Int64, Assert.Single(heard.Payload.Metrics, metric => metric.Name == "bdSeq").Datatype));

    [Fact]
    public void tck_id_topics_nbirth_bdseq_matching()
    {
        long? living = null;
        foreach (Heard heard in life.All)
        {
            if (heard.Verb == "NBIRTH") living = heard.BirthNumber;
            if (heard.Verb == "NDEATH") Assert.Equal(living, heard.BirthNumber);
        }
    }

    [Fact]
    public void tck_id_topics_nbirth_bdseq_increment()
    {
        // Attempts that failed while the cable was cut have had numbers of their own.
        long[] numbers = [.. life.Of("NBIRTH").Select(heard => heard.BirthNumber!.Value)];
        Assert.Equal([0, 0], numbers[..2]);
        Assert.True(numbers[2] >= 1);
        Assert.Equal(numbers[2] + 1, numbers[3]); // Another process.
    }

    [Fact]
    public void tck_id_topics_nbirth_rebirth_metric() =>
        Assert.All(life.Of("NBIRTH"), heard => Assert.True(Assert.Single(heard.Payload.Metrics, metric => metric.Name == "Node Control/Rebirth") is { Datatype: (uint)SparkplugType.Boolean, HasBooleanValue: true, BooleanValue: false }));

    [Fact]
    public void tck_id_message_flow_device_birth_publish_nbirth_wait() => Assert.All(life.Births(), sequence => Assert.Equal(["NBIRTH", "DBIRTH"], sequence.Take(2).Select(heard => heard.Verb)));

    [Fact]
    public void tck_id_operational_behavior_data_commands_rebirth_action_2()
    {
        int birth = life.All.Skip(life.AtRebirth).TakeWhile(heard => heard.Verb != "NBIRTH").Count() + life.AtRebirth;
        Assert.Equal(["NBIRTH", "DBIRTH"], life.All.Skip(birth).Take(2).Select(heard => heard.Verb)); // And no data between them: tck-id-…-rebirth-action-1.
    }

    [Fact]
    public void tck_id_operational_behavior_data_commands_rebirth_action_3() => Assert.Equal(life.Of("NBIRTH")[0].BirthNumber, life.Of("NBIRTH")[1].BirthNumber);

    [Fact]
    public void tck_id_operational_behavior_device_ddeath()
    {
        string[] ofDevice = [.. life.All.Skip(life.AtRebirth).Take(life.AtCut - life.AtRebirth).Select(heard => heard.Verb).Where(verb => verb[0] == 'D')];
        int death = Array.IndexOf(ofDevice, "DDEATH");
        Assert.True(death > 0);
        Assert.Equal("DBIRTH", ofDevice[death + 1]); // No data of a device that is dead.
        Assert.Equal("DDATA", ofDevice[death + 2]);
    }

    [Fact]
    public void tck_id_payloads_ndeath_will_message() => Assert.Equal("NDEATH", life.All.Skip(life.AtCut).First(heard => heard.Verb[0] == 'N').Verb);

    [Fact]
    public void tck_id_operational_behavior_edge_node_intentional_disconnect_ndeath()
    {
        Assert.Equal("NDEATH", life.All[life.AtSecondLife - 1].Verb);
        Assert.DoesNotContain(life.All.Skip(life.AtStop).Take(life.AtSecondLife - 1 - life.AtStop), heard => heard.Verb == "NDEATH"); // Once: the will is not sent as well.
    }

    [Theory]
    [InlineData("NBIRTH", "NDATA")] // tck-id-operational-behavior-data-publish-nbirth-change
    [InlineData("DBIRTH", "DDATA")] // tck-id-operational-behavior-data-publish-dbirth-change
    public void tck_id_operational_behavior_data_publish_x_change(string birth, string data)
    {
        Dictionary<string, string> told = [];
        foreach (Heard heard in life.All.Where(heard => heard.Verb == birth || heard.Verb == data))
        {
            foreach (Metric metric in heard.Payload.Metrics)
            {
                Metric value = metric.Clone();
                value.ClearTimestamp();
                value.ClearDatatype();
                if (heard.Verb == data) Assert.NotEqual(told[metric.Name], value.ToString());
                told[metric.Name] = value.ToString();
            }
        }
    }

    [Fact]
    public void tck_id_case_sensitivity_metric_names()
    {
        foreach (Heard birth in life.Of("NBIRTH").Concat(life.Of("DBIRTH")))
        {
            Assert.Equal(birth.Payload.Metrics.Count, birth.Payload.Metrics.Select(metric => metric.Name.ToUpperInvariant()).Distinct().Count());
        }
    }

    private IEnumerable<Metric> Metrics(string[] verbs) => life.All.Where(heard => verbs.Contains(heard.Verb)).SelectMany(heard => heard.Payload.Metrics);

    private static Metric.ValueOneofCase CaseOf(uint type) => (SparkplugType)type switch
    {
        SparkplugType.Int64 => Metric.ValueOneofCase.LongValue,
        SparkplugType.Double => Metric.ValueOneofCase.DoubleValue,
        SparkplugType.Boolean => Metric.ValueOneofCase.BooleanValue,
        SparkplugType.String => Metric.ValueOneofCase.StringValue,
        _ => Metric.ValueOneofCase.None,
    };
}
