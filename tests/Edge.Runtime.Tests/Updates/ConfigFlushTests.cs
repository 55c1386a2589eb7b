using System.ComponentModel;
using System.Text.RegularExpressions;

namespace Edge.Runtime.Tests.Updates;

/// <summary>What the kernel was asked for while a configuration lived its life, by strace: a power cut at any moment leaves the files as they were or as they are to be.</summary>
public sealed partial class ConfigFlushTests : IDisposable
{
    private readonly DataFolder data = new();

    public void Dispose() => data.Dispose();

    [Fact]
    public async Task Content_is_forced_to_disk_before_its_name_and_every_new_name_before_the_next_step()
    {
        string trace = data["trace"], folder = System.IO.Path.Combine(data.Path, "data", "config");
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(folder)!);
        try
        {
            string victim = System.IO.Path.Combine(AppContext.BaseDirectory, "Edge.ConfigVictim");
            Assert.Equal(0, (await EdgeProgram.RunOtherAsync(victim, data.Path, "begin", folder)).ExitCode);
            var ended = await EdgeProgram.RunOtherAsync("strace", data.Path, "-f", "-y", "-s", "8", "-e", "trace=write,pwrite64,fsync,fdatasync,rename,renameat,renameat2,mkdir,mkdirat", "-o", trace, victim, "live", folder, "100000");
            Assert.SkipWhen(ended.Errors.Contains("ptrace", StringComparison.OrdinalIgnoreCase), "strace may not trace here");
            Assert.Equal((0, ""), (ended.ExitCode, ended.Errors));
        }
        catch (Win32Exception)
        {
            Assert.Skip("strace is not installed (apt-get install strace)");
        }

        var (dirty, unnamed) = (new HashSet<string>(StringComparer.Ordinal), new HashSet<string>(StringComparer.Ordinal)); // Files with content, folders with names, that are not on disk yet.
        int renamed = 0;
        foreach (string line in File.ReadLines(trace).Where(line => line.Contains(folder, StringComparison.Ordinal) || line.Contains(System.IO.Path.GetDirectoryName(folder)! + ">", StringComparison.Ordinal)))
        {
            if (Written().Match(line) is { Success: true } write)
            {
                dirty.Add(write.Groups[1].Value);
            }
            else if (Forced().Match(line) is { Success: true } force)
            {
                dirty.Remove(force.Groups[1].Value);
                unnamed.Remove(force.Groups[1].Value);
            }
            else if (Named().Match(line) is { Success: true } name)
            {
                Assert.DoesNotContain(name.Groups[1].Value, dirty); // Content before its name.
                Assert.Empty(unnamed); // The step before is on disk.
                string path = name.Groups[2].Success ? name.Groups[2].Value : name.Groups[1].Value;
                unnamed.Add(System.IO.Path.GetDirectoryName(path)!);
                renamed++;
            }
        }

        Assert.True(renamed > 10, $"{renamed} names were seen");
        Assert.Empty(dirty);
        Assert.Empty(unnamed);
    }

    [GeneratedRegex(@"(?:write|pwrite64)\(\d+<([^>]*)>")]
    private static partial Regex Written();

    [GeneratedRegex(@"(?:fsync|fdatasync)\(\d+<([^>]*)>")]
    private static partial Regex Forced();

    /// <summary>A new name that was given: by rename (from, to) or mkdir (to).</summary>
    [GeneratedRegex("""(?:rename|renameat2?|mkdir|mkdirat)\((?:AT_FDCWD[^,]*, )?"([^"]*)"(?:, (?:AT_FDCWD[^,]*, )?"([^"]*)")?.* = 0$""")]
    private static partial Regex Named();
}
