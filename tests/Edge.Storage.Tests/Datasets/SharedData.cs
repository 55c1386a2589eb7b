namespace Edge.Storage.Tests.Datasets;

/// <summary>The folder of real recordings: EDGE_DATA, or shared/data above the tests.</summary>
internal static class SharedData
{
    /// <summary>Path of a file in it; the test is skipped where it is not there.</summary>
    public static string File(string name)
    {
        var places = new List<string>();
        if (Environment.GetEnvironmentVariable("EDGE_DATA") is { Length: > 0 } configured) places.Add(configured);
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent) places.Add(Path.Combine(folder.FullName, "shared", "data"));
        string? path = places.Select(place => Path.Combine(place, name)).FirstOrDefault(System.IO.File.Exists);
        Assert.SkipUnless(path is not null, $"{name} is neither in EDGE_DATA nor in a folder shared/data above the tests");
        return path!;
    }
}
