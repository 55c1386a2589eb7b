namespace Edge.Runtime.Sensors;

/// <summary>A source of samples. Adding a sensor: implement this, give it a kind in SensorSection, and a line in <see cref="SensorCatalogue"/>.</summary>
public interface ISensor
{
    /// <summary>Names of the channels, with the order of every block.</summary>
    IReadOnlyList<string> Channels { get; }

    /// <summary>Samples per second of every channel, in stream time.</summary>
    double SampleRateHz { get; }

    /// <summary>Most samples per channel in one block.</summary>
    int BlockCapacity { get; }

    /// <summary>Steps that a recorded stream consists of; 0 for an endless one.</summary>
    int StepCount => 0;

    /// <summary>Names of the classes that step <paramref name="step"/> brings.</summary>
    IReadOnlyList<string> ClassesOf(int step) => [];

    /// <summary>
    /// Fills the next block. The caller paces the stream; a live sensor waits here until the samples are there.
    /// </summary>
    /// <returns>What came.</returns>
    ValueTask<SensorReading> ReadAsync(SampleBlock block, CancellationToken cancel);
}

/// <summary>What a read brought.</summary>
public enum SensorReading
{
    /// <summary>A filled block.</summary>
    Block,

    /// <summary>No samples: a step of a recorded stream is over.</summary>
    StepEnd,

    /// <summary>No samples, and there will be none.</summary>
    StreamEnd,
}
