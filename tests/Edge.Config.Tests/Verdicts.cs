using System.Text;

namespace Edge.Config.Tests;

/// <summary>Short ways to a verdict.</summary>
internal static class Verdicts
{
    public static ConfigVerdict Of(string json) => DeviceConfigReader.Read(Encoding.UTF8.GetBytes(json), "test.json");

    public static ConfigVerdict Merged(string basis, string overlay) => DeviceConfigReader.ReadMerged(Encoding.UTF8.GetBytes(basis), "device.json",
        Encoding.UTF8.GetBytes(overlay), "desired");

    public static string OnlyProblem(ConfigVerdict verdict) => Assert.Single(verdict.Problems).ToString();
}
