namespace Edge.Telemetry.Sparkplug;

/// <summary>The data types that this node uses, with their numbers in the specification (6.4.16).</summary>
public enum SparkplugType : uint
{
    /// <summary>64 bits, signed.</summary>
    Int64 = 4,

    /// <summary>64-bit floating point.</summary>
    Double = 10,

    /// <summary>True or false.</summary>
    Boolean = 11,

    /// <summary>UTF-8.</summary>
    String = 12,
}

/// <summary>A metric and its value. Equal metrics are not published again.</summary>
/// <param name="Name">Levels parted by '/'.</param>
/// <param name="Type">Its data type, which never changes.</param>
/// <param name="Value">A long, double, bool or string, as <paramref name="Type"/> says; null: there is no value yet.</param>
public sealed record SparkplugMetric(string Name, SparkplugType Type, object? Value)
{
    /// <summary>A whole number.</summary>
    public static SparkplugMetric Of(string name, long? value) => new(name, SparkplugType.Int64, value);

    /// <summary>A number; NaN and infinity are no value.</summary>
    public static SparkplugMetric Of(string name, double? value) => new(name, SparkplugType.Double, value is { } number && double.IsFinite(number) ? number : null);

    /// <summary>True or false.</summary>
    public static SparkplugMetric Of(string name, bool? value) => new(name, SparkplugType.Boolean, value);

    /// <summary>A text.</summary>
    public static SparkplugMetric Of(string name, string? value) => new(name, SparkplugType.String, value);
}
