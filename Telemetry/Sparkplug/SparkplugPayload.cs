using Edge.Telemetry.Sparkplug.Wire;
using Google.Protobuf;
using Metric = Edge.Telemetry.Sparkplug.Wire.Payload.Types.Metric;

namespace Edge.Telemetry.Sparkplug;

/// <summary>Payloads as bytes, and the one command that is understood (Sparkplug 3.0, chapter 6).</summary>
internal static class SparkplugPayload
{
    private const string BirthNumberName = "bdSeq", RebirthName = "Node Control/Rebirth";

    /// <summary>NDEATH: the birth number and nothing else.</summary>
    public static byte[] NodeDeath(byte birthNumber, DateTimeOffset now) => Make(null, now, [SparkplugMetric.Of(BirthNumberName, birthNumber)], withTypes: true);

    /// <summary>NBIRTH: the birth number, the command to be born again, and all metrics of the node.</summary>
    public static byte[] NodeBirth(byte birthNumber, byte sequence, DateTimeOffset now, IEnumerable<SparkplugMetric> metrics) =>
        Make(sequence, now, [SparkplugMetric.Of(BirthNumberName, birthNumber), SparkplugMetric.Of(RebirthName, false), .. metrics], withTypes: true);

    /// <summary>DBIRTH: all metrics of the device.</summary>
    public static byte[] DeviceBirth(byte sequence, DateTimeOffset now, IEnumerable<SparkplugMetric> metrics) => Make(sequence, now, metrics, withTypes: true);

    /// <summary>NDATA and DDATA: metrics that changed, without their types, which the birth has said.</summary>
    public static byte[] Data(byte sequence, DateTimeOffset now, IEnumerable<SparkplugMetric> metrics) => Make(sequence, now, metrics, withTypes: false);

    /// <summary>DDEATH.</summary>
    public static byte[] DeviceDeath(byte sequence, DateTimeOffset now) => Make(sequence, now, [], withTypes: false);

    /// <summary>Whether an NCMD asks the node to be born again. What is no payload asks for nothing.</summary>
    public static bool AsksForRebirth(ReadOnlySpan<byte> command)
    {
        try
        {
            return Payload.Parser.ParseFrom(command).Metrics.Any(metric => metric is { Name: RebirthName, ValueCase: Metric.ValueOneofCase.BooleanValue, BooleanValue: true });
        }
        catch (InvalidProtocolBufferException)
        {
            return false;
        }
    }

    private static byte[] Make(byte? sequence, DateTimeOffset now, IEnumerable<SparkplugMetric> metrics, bool withTypes)
    {
        ulong milliseconds = (ulong)Math.Max(0, now.ToUnixTimeMilliseconds());
        Payload payload = new() { Timestamp = milliseconds };
        if (sequence is { } number) payload.Seq = number;
        foreach (SparkplugMetric metric in metrics)
        {
            Metric written = new() { Name = metric.Name, Timestamp = milliseconds };
            if (withTypes) written.Datatype = (uint)metric.Type;
            switch (metric.Value)
            {
                case null: written.IsNull = true; break;
                case long whole: written.LongValue = unchecked((ulong)whole); break;
                case double real: written.DoubleValue = real; break;
                case bool flag: written.BooleanValue = flag; break;
                case string text: written.StringValue = text; break;
                default: throw new ArgumentException($"metric {metric.Name} has a value of {metric.Value.GetType().Name}; expected long, double, bool, string or null", nameof(metrics));
            }

            payload.Metrics.Add(written);
        }

        return payload.ToByteArray();
    }
}
