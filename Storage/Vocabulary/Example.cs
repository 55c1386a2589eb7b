namespace Edge.Storage;

/// <summary>What an example is kept for.</summary>
public enum ExampleRole : byte
{
    /// <summary>Not kept: it came from a held-out time block and the anchor set had no place for it, or it is only partly in one, or later ones of the same batch took its place.</summary>
    None = 0,

    /// <summary>In the replay buffer.</summary>
    Replay = 1,

    /// <summary>Held out to judge snapshots; never trained on.</summary>
    Anchor = 2,

    /// <summary>Waits for the next training round only; the reservoir did not take it, or let it go.</summary>
    Fresh = 3,
}

/// <summary>A window with its label: the unit the device learns from.</summary>
public sealed record Example
{
    /// <summary>Own id, monotonic over the life of the store, from 1; 0 until the store has given one.</summary>
    public ulong Id { get; init; }

    /// <summary>The window it was cut from.</summary>
    public required ulong WindowId { get; init; }

    /// <summary>Name of its class.</summary>
    public required string Class { get; init; }

    /// <summary>Stream time of the window's first sample, seconds.</summary>
    public required double StartSeconds { get; init; }

    /// <summary>When the label arrived.</summary>
    public required DateTimeOffset LabelledAt { get; init; }

    /// <summary>What it is kept for.</summary>
    public ExampleRole Role { get; init; }

    /// <summary>[channels, length] float32, row-major, in the sensor's units.</summary>
    public required float[] Samples { get; init; }
}
