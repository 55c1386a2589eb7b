using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace Edge.Storage;

/// <summary>
/// Held by the one process that may open the store: LiteDB 5.0.20 silently loses writes when two do. The kernel lets go of it when the process dies, however it dies. The file itself stays and names its holder.
/// </summary>
internal static partial class ReplayLock
{
    private const int MostBytes = 256;
    private const int ReadOnlyFileSystem = 30; // EROFS.

    /// <summary>Takes the lock of a store.</summary>
    /// <exception cref="IOException">Another process, or this one, has the store open; the message says which and what to do. Or the disk refused.</exception>
    public static IDisposable Take(ReplayPlaces places)
    {
        FileStream held;
        try
        {
            held = new FileStream(places.Lock, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 0);
        }
        catch (Exception e) when (e is UnauthorizedAccessException || e.HResult == ReadOnlyFileSystem)
        {
            throw new IOException($"the replay buffer '{places.Data}' cannot be locked: {e.Message} Make its folder writable for the user of this process; a look at its newest copy (--copy) writes nothing.", e);
        }
        catch (IOException e) when (e is not (DirectoryNotFoundException or FileNotFoundException) && HolderOf(places.Lock) is { } holder)
        {
            throw new IOException($"the replay buffer '{places.Data}' is in use by {holder}. Stop that first; a look at its newest copy (--copy) needs no stop.", e);
        }

        try
        {
            string self = string.Create(CultureInfo.InvariantCulture, $"process {Environment.ProcessId} ({string.Join(' ', Environment.GetCommandLineArgs().Take(3).Select((word, place) => place == 0 ? Path.GetFileNameWithoutExtension(word) : word))})");
            byte[] text = Encoding.UTF8.GetBytes(self.Length <= 120 ? self : self[..120]);
            RandomAccess.Write(held.SafeFileHandle, text, 0);
            RandomAccess.SetLength(held.SafeFileHandle, text.Length);
        }
        catch (IOException)
        {
            // A full disk: it is held all the same, only without a name.
        }

        return held;
    }

    /// <summary>Who holds it, as far as can be read past the lock; null when the file is not there.</summary>
    private static string? HolderOf(string path)
    {
        if (!File.Exists(path)) return null;
        const string unknown = "another process";
        if (OperatingSystem.IsWindows()) return unknown;
        int handle = Open(path, 0x80000, 0); // O_RDONLY | O_CLOEXEC. The library's own opening would ask for the lock.
        if (handle < 0) return unknown;
        byte[] bytes = new byte[MostBytes];
        nint read = Read(handle, bytes, bytes.Length);
        _ = Close(handle);
        return read > 0 ? Encoding.UTF8.GetString(bytes, 0, (int)read) : unknown;
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags, int mode);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    private static partial nint Read(int handle, byte[] bytes, nint count);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int handle);
}
