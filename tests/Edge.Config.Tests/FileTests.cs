namespace Edge.Config.Tests;

public sealed class FileTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("edge-config-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void A_missing_file_is_a_verdict()
    {
        string path = Path.Combine(_folder.FullName, "none", "device.json");

        Assert.Equal($"{path} is refused for 1 reason:\n- the document is missing but must be a file that can be read; create it, {{}} gives all defaults, or correct the path.",
            DeviceConfigReader.ReadFile(path).ToString());
    }

    [Fact]
    public void A_folder_instead_of_a_file_is_a_verdict() => Assert.Contains("is not readable",
        Verdicts.OnlyProblem(DeviceConfigReader.ReadFile(_folder.FullName)), StringComparison.Ordinal);

    [Theory]
    [InlineData("")]
    [InlineData("a\0b")]
    public void An_impossible_path_is_a_verdict(string path) => Assert.Contains("is not readable", Verdicts.OnlyProblem(DeviceConfigReader.ReadFile(path)),
        StringComparison.Ordinal);

    [Fact]
    public void An_endless_file_is_refused_and_not_read()
    {
        Assert.SkipUnless(File.Exists("/dev/zero"), "no /dev/zero on this system");

        Assert.Contains("at most 262144 bytes", Verdicts.OnlyProblem(DeviceConfigReader.ReadFile("/dev/zero")), StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_is_read_and_named()
    {
        string path = Path.Combine(_folder.FullName, "device.json");
        File.WriteAllText(path, """{"window":{"stride":32}}""");
        ConfigVerdict verdict = DeviceConfigReader.ReadFile(path);

        Assert.Equal(32, verdict.Config!.Window.Stride);
        Assert.Equal($"{path} is valid (sha256 {verdict.Hash}).", verdict.ToString());
    }
}
