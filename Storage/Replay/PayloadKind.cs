namespace Edge.Storage;

/// <summary>How the values of a window lie in its record. Each record says it of itself, so the choice may change at any time and old records stay readable.</summary>
public enum PayloadKind : byte
{
    /// <summary>As they are: 4 bytes a value, exact.</summary>
    Float32 = 1,

    /// <summary>IEEE 754 binary16: 2 bytes a value, error at most 2^-11 of the value, or 2^-25 near 0 (half a unit in the last place).</summary>
    Float16 = 2,

    /// <summary>Whole numbers of steps around the middle of the channel: 2 bytes a value and 8 a channel, error at most half a step (range of the channel in this window / 131,068) and a float32's rounding.</summary>
    Int16 = 3,
}
