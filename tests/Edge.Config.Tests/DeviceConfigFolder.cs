using System.Text;

namespace Edge.Config.Tests;

/// <summary>The folder device-config of the checkout that these tests were built from.</summary>
internal static class DeviceConfigFolder
{
    /// <summary>Set to 1 to write generated files instead of comparing them: <c>EDGE_REGENERATE=1 dotnet test tests/Edge.Config.Tests</c>.</summary>
    public const string RegenerateVariable = "EDGE_REGENERATE";

    public static string PathOf(string file)
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Edge.sln")))
        {
            folder = folder.Parent;
        }

        return Path.Combine(folder?.FullName ?? throw new InvalidOperationException("These tests run from a build inside the checkout; no Edge.sln above them."), "device-config", file);
    }

    public static byte[] Read(string file) => File.ReadAllBytes(PathOf(file));

    /// <summary>Fails when the committed file is not what the code generates; writes it instead when asked to.</summary>
    public static void HoldsExactly(string file, string generated)
    {
        if (Environment.GetEnvironmentVariable(RegenerateVariable) == "1")
        {
            File.WriteAllText(PathOf(file), generated);
        }

        string committed = Encoding.UTF8.GetString(Read(file));
        Assert.True(committed == generated,
            $"device-config/{file} is stale. Run {RegenerateVariable}=1 dotnet test tests/Edge.Config.Tests and commit the file.");
    }
}
