namespace Edge.Runtime.Learning;

/// <summary>Held by the process that works in a round's folder, so that two never do. The kernel lets go of it when the process dies.</summary>
public static class RoundLock
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);

    /// <summary>Takes the lock, waiting up to five seconds for another process to let go.</summary>
    /// <exception cref="IOException">Another process works there, or the folder is missing or cannot be written.</exception>
    public static IDisposable Take(string folder)
    {
        for (long start = TimeProvider.System.GetTimestamp(); ;)
        {
            try
            {
                return new FileStream(Path.Combine(folder, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException e) when (e is not DirectoryNotFoundException && TimeProvider.System.GetElapsedTime(start) < s_patience)
            {
                Thread.Sleep(100);
            }
        }
    }
}
