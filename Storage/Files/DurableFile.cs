using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Edge.Storage;

/// <summary>Writes files that are, after a crash at any moment, either as before or as after: temporary name, fsync, rename, fsync of the folder.</summary>
public static partial class DurableFile
{
    /// <summary>Replaces <paramref name="path"/> by <paramref name="content"/>.</summary>
    /// <exception cref="NotSyncedException">The new content stands, and may be the old one again after a power cut.</exception>
    /// <exception cref="IOException">The disk is full or the folder is not writable; the old content stands.</exception>
    public static void Replace(string path, ReadOnlySpan<byte> content) => Replace(path, content, static (file, bytes) => file.Write(bytes));

    /// <summary>Replaces <paramref name="path"/> by what <paramref name="write"/> writes, without a copy in memory.</summary>
    /// <exception cref="NotSyncedException">The new content stands, and may be the old one again after a power cut.</exception>
    /// <exception cref="IOException">The disk is full or the folder is not writable; the old content stands.</exception>
    public static void Replace(string path, Action<Stream> write) => Replace(path, write, static (file, writes) => writes(file));

    /// <summary>Copies a file and forces the copy to disk; the target must not exist.</summary>
    public static void Copy(string source, string target)
    {
        using var from = File.OpenRead(source);
        using var to = new FileStream(target, FileMode.CreateNew, FileAccess.Write, FileShare.None);
        from.CopyTo(to);
        to.Flush(flushToDisk: true);
    }

    /// <summary>Renames a file whose content is on disk already, over another where there is one, so that it survives a crash; both are in the same folder.</summary>
    public static void Rename(string source, string target)
    {
        File.Move(source, target, overwrite: true);
        SyncDirectory(Path.GetDirectoryName(Path.GetFullPath(target))!);
    }

    /// <summary>Gives what is in a file a second name, which keeps it when the file is replaced; no byte is written. What had that name before loses it. Both names are in the same folder, and on disk with the next that is forced there.</summary>
    /// <returns>False where there is no such file, or the file system gives no file a second name; then all is as before.</returns>
    public static bool KeepAs(string path, string second)
    {
        string temporary = second + ".tmp";
        File.Delete(temporary);
        if (OperatingSystem.IsWindows() || Link(path, temporary) != 0) return false;
        File.Move(temporary, second, overwrite: true);
        File.Delete(temporary); // Still there where it was the same file already.
        return true;
    }

    /// <summary>Creates a folder, and those above it, where it is not there, so that it survives a crash together with what is written into it.</summary>
    /// <exception cref="IOException">The disk refused, or a file has its name.</exception>
    public static void CreateDirectory(string path)
    {
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        if (Directory.Exists(full)) return;
        string above = Path.GetDirectoryName(full)!;
        CreateDirectory(above);
        Directory.CreateDirectory(full);
        SyncDirectory(above);
    }

    /// <summary>Renames a folder whose files are on disk already, so that its appearance survives a crash.</summary>
    public static void MoveDirectory(string source, string target)
    {
        SyncDirectory(source);
        Directory.Move(source, target);
        SyncDirectory(Path.GetDirectoryName(Path.GetFullPath(target))!);
    }

    /// <summary>Deletes a folder so that it is there whole or not at all: it is renamed to <c>….tmp</c> first, which its owner removes at the next start if it is still there.</summary>
    public static void DeleteDirectory(string path)
    {
        string going = path + ".tmp";
        if (Directory.Exists(going)) Directory.Delete(going, recursive: true);
        Directory.Move(path, going);
        Directory.Delete(going, recursive: true);
    }

    /// <summary>Forces the names in a folder to disk.</summary>
    /// <exception cref="IOException">The folder cannot be opened or synced.</exception>
    public static void SyncDirectory(string path)
    {
        if (OperatingSystem.IsWindows()) return; // NTFS journals names by itself.
        const int readOnlyDirectory = 0x10000 | 0x80000; // O_RDONLY | O_DIRECTORY | O_CLOEXEC, Linux generic values (x64; arm64 differs in O_DIRECTORY, see below).
        const int readOnlyDirectoryArm64 = 0x4000 | 0x80000;
        int handle = Open(path, RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? readOnlyDirectoryArm64 : readOnlyDirectory, 0);
        if (handle < 0) throw new IOException($"cannot open folder '{path}' to sync it: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}");
        try
        {
            if (Sync(handle) != 0) throw new IOException($"cannot sync folder '{path}': {new Win32Exception(Marshal.GetLastPInvokeError()).Message}");
        }
        finally
        {
            _ = Close(handle);
        }
    }

    private static void Replace<TContent>(string path, TContent content, Action<Stream, TContent> write)
        where TContent : allows ref struct
    {
        string temporary = path + ".tmp";
        try
        {
            using (var file = new FileStream(temporary, FileMode.Create, FileAccess.Write, FileShare.None, 0))
            {
                write(file, content);
                file.Flush(flushToDisk: true);
            }

            File.Move(temporary, path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            if (File.Exists(temporary)) File.Delete(temporary); // On a full disk a torn file would take the room that is missing.
            throw new IOException($"'{path}' could not be replaced, its old content stands: {e.Message}", e);
        }

        try
        {
            SyncDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        }
        catch (IOException e)
        {
            throw new NotSyncedException($"'{path}' has its new content, and whether it keeps it over a power cut is not known: {e.Message}", e);
        }
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags, int mode);

    [LibraryImport("libc", EntryPoint = "link", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Link(string path, string other);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Sync(int handle);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int handle);
}

/// <summary>A file has been replaced, and that it has could not be forced to disk: the new content stands, and may be the old one again after a power cut.</summary>
/// <param name="message">Which file, and why.</param>
/// <param name="inner">What the system said.</param>
public sealed class NotSyncedException(string message, Exception? inner = null) : IOException(message, inner);
