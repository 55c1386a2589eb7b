using System.Security.Cryptography;
using System.Text;
using Edge.Storage;

namespace Edge.Runtime.Updates.States;

/// <summary>A small file whose first line says what it is, its format version and the SHA-256 of the rest: a single bent bit is found, and an unknown version is refused.</summary>
internal static class CheckedFile
{
    private const int Format = 1;
    private const int MaxBytes = 1 << 20;

    /// <summary>Replaces the file: temporary name, fsync, rename, fsync of the folder.</summary>
    /// <param name="path">The file.</param>
    /// <param name="kind">What it is; one word.</param>
    /// <param name="content">The rest.</param>
    /// <param name="beforeRename">Called when everything stands under the temporary name.</param>
    /// <exception cref="IOException">The disk refused; the old content stands.</exception>
    public static void Write(string path, string kind, ReadOnlySpan<byte> content, Action? beforeRename = null)
    {
        byte[] bytes = [.. Encoding.ASCII.GetBytes($"{kind} {Format} {Convert.ToHexStringLower(SHA256.HashData(content))}\n"), .. content];
        DurableFile.Replace(path, file =>
        {
            file.Write(bytes);
            beforeRename?.Invoke();
        });
    }

    /// <summary>Reads the content; null when there is no such file.</summary>
    /// <exception cref="InvalidDataException">It is damaged, or of a later version; the message says which.</exception>
    /// <exception cref="IOException">It cannot be read just now, which says nothing of what is in it.</exception>
    /// <exception cref="UnauthorizedAccessException">The same.</exception>
    public static byte[]? Read(string path, string kind)
    {
        byte[]? bytes = ReadAtMost(path, MaxBytes, out bool isLarger);
        if (isLarger) throw new InvalidDataException($"{path} is larger than anything this program writes");
        if (bytes is null) return null;
        int end = Array.IndexOf(bytes, (byte)'\n');
        string[] words = end is > 0 and < 200 ? Encoding.ASCII.GetString(bytes, 0, end).Split(' ') : [];
        if (words.Length != 3 || words[0] != kind) throw new InvalidDataException($"{path} does not begin as a file of kind '{kind}' does");
        if (words[1] != $"{Format}") throw new InvalidDataException($"{path} has format {words[1]}; this program reads {Format}");
        byte[] content = bytes[(end + 1)..];
        if (Convert.ToHexStringLower(SHA256.HashData(content)) != words[2]) throw new InvalidDataException($"{path} does not have the checksum that its first line names");
        return content;
    }

    /// <summary>The bytes of a file; null only when there is none, or it is larger. (<see cref="File.Exists"/> also says so of one that cannot be looked at.)</summary>
    /// <exception cref="IOException">It cannot be read just now.</exception>
    /// <exception cref="UnauthorizedAccessException">The same.</exception>
    public static byte[]? ReadAtMost(string path, int mostBytes, out bool isLarger)
    {
        isLarger = false;
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 0);
            isLarger = file.Length > mostBytes;
            if (isLarger) return null;
            byte[] bytes = new byte[file.Length];
            file.ReadExactly(bytes);
            return bytes;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Puts a damaged file aside as <c>.bad</c>, over an earlier one.</summary>
    public static void PutAside(string path)
    {
        if (File.Exists(path)) File.Move(path, path + ".bad", overwrite: true);
    }
}
