namespace Edge.Storage.Tests.Recorded;

/// <summary>
/// Files that an older version of this code has written, one set per record version, and what each must read as. <c>EDGE_REGENERATE=1 dotnet test tests/Edge.Storage.Tests</c> writes the set of the version that the code writes
/// now, and that one only: what older code has written stays as it is, for ever.
/// </summary>
internal static class RecordedFiles
{
    public static bool Regenerate { get; } = Environment.GetEnvironmentVariable("EDGE_REGENERATE") == "1";

    public static string PathOf(string name)
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Edge.sln"))) folder = folder.Parent;
        return Path.Combine(folder?.FullName ?? throw new InvalidOperationException("These tests run from a build inside the checkout; no Edge.sln above them."), "tests", "Edge.Storage.Tests", "Recorded", name);
    }

    /// <summary>Compares with what was recorded; writes it instead when the files of this version are being made.</summary>
    public static void HoldsExactly(string name, string content, bool isCurrent)
    {
        if (Regenerate && isCurrent) File.WriteAllText(PathOf(name), content);
        Assert.Equal(File.ReadAllText(PathOf(name)), content);
    }
}
