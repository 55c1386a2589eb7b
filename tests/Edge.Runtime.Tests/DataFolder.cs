namespace Edge.Runtime.Tests;

/// <summary>A folder of a test's own, gone when the test is over.</summary>
internal sealed class DataFolder : IDisposable
{
    /// <summary>The folder.</summary>
    public string Path { get; } = Directory.CreateTempSubdirectory("edge-runtime-").FullName;

    /// <summary>A place in it.</summary>
    public string this[string name] => System.IO.Path.Combine(Path, name);

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(Path, recursive: true);
}
