using Edge.Config;
using Edge.Runtime.Learning;
using Edge.Runtime.Stages;
using Edge.Storage;

namespace Edge.Runtime.Tests.Stages;

/// <summary>A small file that may not be read, such as one that another user left, costs what it says and not the start.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class UnreadableRecordTests : IDisposable
{
    private static readonly SnapshotManifest s_snapshot = new()
    {
        Id = "s000001-01234567", CreatedAt = DateTimeOffset.UnixEpoch, Classes = ["sitting"], Window = new WindowShape(1, 1, 1), EmbeddingLength = 4, Round = 1,
    };

    private readonly DataFolder data = new();

    public void Dispose() => data.Dispose();

    [Fact]
    public void The_drift_watch_begins_anew_and_says_why()
    {
        DriftRecord.Open(Unreadable("drift.bin"), new DeviceConfig(), ["accX"], s_snapshot, out string problem);
        Assert.Contains("denied", problem, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void The_reference_begins_anew_and_says_why()
    {
        DriftRecord.OpenReference(Unreadable("drift-reference.bin"), new DeviceConfig(), 1, out string problem);
        Assert.Contains("denied", problem, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void The_record_of_what_was_remembered_is_put_aside_and_says_why()
    {
        string path = Unreadable("forgetting.json");
        Assert.Contains("denied", new MemoryRecord(path).Problem, StringComparison.OrdinalIgnoreCase);
        Assert.False(File.Exists(path));
        Assert.True(File.Exists(path + ".bad"));
    }

    /// <summary>A file that this user may not read. Root may read any on a disk, but not a switch of the kernel that can only be written.</summary>
    private string Unreadable(string name)
    {
        const string writeOnly = "/proc/sys/vm/compact_memory";
        string path = data[name];
        if (Environment.UserName != "root")
        {
            File.WriteAllText(path, "{}");
            File.SetUnixFileMode(path, UnixFileMode.None);
        }
        else
        {
            Assert.SkipUnless(File.Exists(writeOnly), $"this user may read every file here: {writeOnly} is not there");
            File.CreateSymbolicLink(path, writeOnly);
        }

        return path;
    }
}
