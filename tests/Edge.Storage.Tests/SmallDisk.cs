using System.Diagnostics;

namespace Edge.Storage.Tests;

/// <summary>A disk of a few MiB (tmpfs) that a test can fill up.</summary>
internal sealed class SmallDisk : IDisposable
{
    private readonly TempFolder folder = new();

    private SmallDisk()
    {
    }

    public string this[string name] => folder[name];

    private string Filler => folder["filler"];

    /// <summary>Mounts the disk; skips the test where that is not allowed.</summary>
    public static SmallDisk Mount(int mebibytes)
    {
        var disk = new SmallDisk();
        string? refusal = OperatingSystem.IsLinux() ? Call("mount", "-t", "tmpfs", "-o", $"size={mebibytes}m", "none", disk.folder.Path) : "only Linux has it";
        if (refusal is not null)
        {
            disk.folder.Dispose();
            Assert.Skip($"a full disk needs the right to mount a tmpfs: {refusal}");
        }

        return disk;
    }

    /// <summary>Fills the disk up to the last <paramref name="freeBytes"/>.</summary>
    public void LeaveFree(long freeBytes)
    {
        File.Delete(Filler);
        using var filler = File.Create(Filler);
        filler.Write(new byte[Math.Max(0, new DriveInfo(folder.Path).AvailableFreeSpace - freeBytes)]);
    }

    public void Clear() => File.Delete(Filler);

    public void Dispose()
    {
        Call("umount", "-l", folder.Path);
        folder.Dispose();
    }

    private static string? Call(string program, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
            string error = process.StandardError.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0 ? null : error.Trim();
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            return e.Message;
        }
    }
}
