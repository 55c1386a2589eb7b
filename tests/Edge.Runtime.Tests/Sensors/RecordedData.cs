using Edge.Storage;

namespace Edge.Runtime.Tests.Sensors;

/// <summary>The recorded data sets, where this machine has them.</summary>
internal static class RecordedData
{
    /// <summary>Path of the UCI HAR archive; skips the test that asks when it is not there.</summary>
    public static string UciHar()
    {
        var places = new List<string>();
        if (Environment.GetEnvironmentVariable("EDGE_DATA") is { Length: > 0 } folder) places.Add(folder);
        for (var directory = new DirectoryInfo(AppContext.BaseDirectory); directory is not null; directory = directory.Parent) places.Add(Path.Combine(directory.FullName, "shared", "data"));
        string? file = places.Select(place => Path.Combine(place, UciHarArchive.FileName)).FirstOrDefault(File.Exists);
        Assert.SkipUnless(file is not null, $"{UciHarArchive.FileName} is neither in EDGE_DATA nor in a folder shared/data above {AppContext.BaseDirectory}");
        return file!;
    }
}
