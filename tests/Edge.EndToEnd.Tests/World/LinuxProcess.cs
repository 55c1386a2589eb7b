using System.Runtime.InteropServices;

namespace Edge.EndToEnd.Tests.World;

/// <summary>What the kernel knows of a process, and the signals to it.</summary>
internal static partial class LinuxProcess
{
    public const int Interrupt = 2, Kill = 9;

    /// <summary>Sends a signal to a process, or with a negative id to its group. False when there is no such process (any more).</summary>
    public static bool Signal(int processId, int signal) => SendSignal(processId, signal) == 0;

    /// <summary>Whether it runs; a zombie does not.</summary>
    public static bool IsAlive(int processId) => Read($"/proc/{processId}/stat") is { } stat && stat[(stat.LastIndexOf(')') + 2)..][0] is not ('Z' or 'X');

    /// <summary>Processes whose command line contains <paramref name="text"/>; ids with command lines, arguments parted by blanks.</summary>
    public static IReadOnlyList<(int Id, string CommandLine)> With(string text) =>
        [.. Ids().Select(id => (Id: id, CommandLine: (Read($"/proc/{id}/cmdline") ?? "").Replace('\0', ' '))).Where(process => process.CommandLine.Contains(text, StringComparison.Ordinal) && IsAlive(process.Id))];

    /// <summary>Id of the parent; 0 when the process is gone.</summary>
    public static int ParentOf(int processId) => Read($"/proc/{processId}/stat") is { } stat ? int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1]) : 0;

    /// <summary>Peak resident memory, MiB; 0 when the process is gone.</summary>
    public static double PeakResidentMiB(int processId) =>
        (Read($"/proc/{processId}/status") ?? "").Split('\n').FirstOrDefault(line => line.StartsWith("VmHWM:", StringComparison.Ordinal)) is { } line ? double.Parse(line[6..].Trim().TrimEnd('k', 'B', ' ')) / 1024 : 0;

    /// <summary>Files that are mapped into its memory.</summary>
    public static IReadOnlyList<string> MappedFiles(int processId) =>
        [.. (Read($"/proc/{processId}/maps") ?? "").Split('\n').Select(line => line.IndexOf('/') is >= 0 and int slash ? line[slash..] : "").Where(path => path.Length > 0).Distinct()];

    private static IEnumerable<int> Ids() => Directory.GetDirectories("/proc").Select(path => int.TryParse(Path.GetFileName(path), out int id) ? id : 0).Where(id => id > 0);

    private static string? Read(string path)
    {
        try
        {
            return File.ReadAllText(path) is { Length: > 0 } text ? text : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null; // It ended between two looks.
        }
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int SendSignal(int processId, int signal);
}
