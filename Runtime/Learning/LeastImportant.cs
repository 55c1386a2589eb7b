using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Edge.Runtime.Learning;

/// <summary>Makes this process the least important one: inference goes first, and when memory runs out this process is the one to end.</summary>
internal static partial class LeastImportant
{
    private const int Process = 0, LeastNice = 19;

    /// <summary>
    /// Lowers the priority of every thread that there is; later ones inherit it. On Linux a priority is a thread's own: <see cref="System.Diagnostics.Process.PriorityClass"/> would lower the first thread alone, and the training would
    /// go on beside it at full priority.
    /// </summary>
    public static void Become()
    {
        try
        {
            if (!OperatingSystem.IsLinux())
            {
                using var self = System.Diagnostics.Process.GetCurrentProcess();
                self.PriorityClass = ProcessPriorityClass.Idle;
                return;
            }

            foreach (string task in Directory.EnumerateDirectories("/proc/self/task")) _ = SetPriority(Process, uint.Parse(Path.GetFileName(task), CultureInfo.InvariantCulture), LeastNice);
            File.WriteAllText("/proc/self/oom_score_adj", "1000");
        }
        catch (Exception e) when (e is System.ComponentModel.Win32Exception or IOException or UnauthorizedAccessException)
        {
            // Not allowed here: the round runs at normal priority.
        }
    }

    [LibraryImport("libc", EntryPoint = "setpriority")]
    private static partial int SetPriority(int which, uint who, int priority);
}
