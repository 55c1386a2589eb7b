namespace Edge.Config;

/// <summary>What a device does to take another value of a field, from the lightest to the heaviest.</summary>
public enum ConfigChange
{
    /// <summary>The running service takes it at its next safe point: between two windows, batches, summaries or rounds. No window is lost.</summary>
    Live,

    /// <summary>The pipeline starts again inside the process; the windows of about a second are lost.</summary>
    Pipeline,

    /// <summary>It counts only when the process is started again with another file; refused over the air.</summary>
    Process,

    /// <summary>The running snapshot does not fit it: the pipeline starts again, and with another snapshot. Refused over the air unless <c>updates.acceptNewSnapshot</c> is true.</summary>
    Snapshot,
}

/// <summary>Says beside a field of a section what a change of it costs. A section has none: its fields have.</summary>
/// <param name="change">What the device does to take another value.</param>
[AttributeUsage(AttributeTargets.Property)]
public sealed class ChangeAttribute(ConfigChange change) : Attribute
{
    /// <summary>What the device does to take another value.</summary>
    public ConfigChange Change { get; } = change;
}
