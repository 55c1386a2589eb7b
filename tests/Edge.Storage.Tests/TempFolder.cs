namespace Edge.Storage.Tests;

/// <summary>A folder of one test, gone when the test is.</summary>
internal sealed class TempFolder(bool inMemory = false) : IDisposable
{
    /// <summary>In memory where the system has such a folder: for a test that asks nothing of the disk.</summary>
    public string Path { get; } = inMemory && Directory.Exists("/dev/shm")
        ? Directory.CreateDirectory(System.IO.Path.Combine("/dev/shm", $"edge-storage-{Guid.NewGuid():N}")).FullName
        : Directory.CreateTempSubdirectory("edge-storage-").FullName;

    public string this[string name] => System.IO.Path.Combine(Path, name);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
