using System.Collections.Concurrent;
using Edge.Storage;

namespace Edge.Runtime.Windowing;

/// <summary>One window on its way through the pipeline. Owned by whoever holds it; given back to its <see cref="WindowPool"/> when used up.</summary>
public sealed class Window(WindowShape shape)
{
    /// <summary>Id, unique over restarts of the device and exact in a JSON number.</summary>
    public ulong Id { get; set; }

    /// <summary>Stream time of the first sample, seconds.</summary>
    public double StartSeconds { get; set; }

    /// <summary>Stream time of the end of the last sample, seconds.</summary>
    public double EndSeconds { get; set; }

    /// <summary><see cref="System.Diagnostics.Stopwatch"/> ticks at which its last sample had arrived.</summary>
    public long ReadyTicks { get; set; }

    /// <summary>Its true class where the sensor knows it and it is the same throughout; else null.</summary>
    public string? Truth { get; set; }

    /// <summary>[channels, length] float32, row-major.</summary>
    public float[] Samples { get; } = new float[shape.ValueCount];
}

/// <summary>Windows for reuse; safe from any thread.</summary>
public sealed class WindowPool(WindowShape shape)
{
    private readonly ConcurrentQueue<Window> free = new(); // A ring of slots; a stack would allocate a node for every window given back.

    /// <summary>A window to fill.</summary>
    public Window Rent() => free.TryDequeue(out var used) ? used : new Window(shape);

    /// <summary>Gives a window back.</summary>
    public void Return(Window window) => free.Enqueue(window);
}
