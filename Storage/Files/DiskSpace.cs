using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Edge.Storage;

/// <summary>Takes disk space for a file before it is written, so that a full disk is met here and not in the middle of a write.</summary>
internal static partial class DiskSpace
{
    private const int KeepSize = 1; // FALLOC_FL_KEEP_SIZE: blocks without a change of length.
    private const int NotSupported = 95, NotImplemented = 38; // EOPNOTSUPP, ENOSYS: FAT, NFS before 4.2.

    /// <summary>Sees to it that the first <paramref name="bytes"/> of a file have their blocks on the disk; its length and content stay. The file is created when it is not there.</summary>
    /// <remarks>Where the file system cannot do that, it is only checked that as much is free now.</remarks>
    /// <exception cref="IOException">The disk has not that much left, or cannot be written.</exception>
    public static void Reserve(string path, long bytes)
    {
        using var file = File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite);
        if (OperatingSystem.IsLinux())
        {
            if (Allocate(file, KeepSize, 0, bytes) == 0) return;
            int error = Marshal.GetLastPInvokeError();
            if (error is not (NotSupported or NotImplemented)) throw new IOException($"'{path}' cannot grow to {bytes} bytes: {new Win32Exception(error).Message}.");
        }

        long free = new DriveInfo(Path.GetDirectoryName(Path.GetFullPath(path))!).AvailableFreeSpace, needed = bytes - RandomAccess.GetLength(file);
        if (free < needed) throw new IOException($"'{path}' cannot grow to {bytes} bytes: {needed} more are needed, {free} are free.");
    }

    [LibraryImport("libc", EntryPoint = "fallocate", SetLastError = true)]
    private static partial int Allocate(SafeFileHandle file, int mode, long offset, long length);
}
