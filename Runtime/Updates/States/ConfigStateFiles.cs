using System.Security.Cryptography;
using System.Text.Json;
using Edge.Runtime.Updates.Envelopes;
using Edge.Storage;

namespace Edge.Runtime.Updates.States;

/// <summary>
/// The folder <c>config/</c>: <c>state</c> says which documents count, <c>last-good</c> is the state as it was when the last good document became that, and <c>documents/SHA256.json</c> are the documents. The state names documents
/// by their hash, so there is no moment at which half of one and half of another could be read.
/// </summary>
/// <param name="directory">The folder.</param>
/// <param name="at">Told of every point at which a crash would leave other files than before, by name; for tests.</param>
internal sealed class ConfigStateFiles(string directory, Action<string>? at)
{
    private const string StateKind = "edge-config-state";
    private const string GoodKind = "edge-config-good";

    private string StateFile => Path.Combine(directory, "state");

    private string GoodFile => Path.Combine(directory, "last-good");

    private string Documents => Path.Combine(directory, "documents");

    /// <summary>Reads the state; null when there is none.</summary>
    /// <exception cref="InvalidDataException">It is damaged.</exception>
    /// <exception cref="IOException">It cannot be read just now.</exception>
    /// <exception cref="UnauthorizedAccessException">The same.</exception>
    public ConfigState? ReadState() => Parse(CheckedFile.Read(StateFile, StateKind), StateFile);

    /// <summary>Reads the last good state; null when there is none.</summary>
    /// <exception cref="InvalidDataException">It is damaged.</exception>
    public ConfigState? ReadLastGood() => Parse(CheckedFile.Read(GoodFile, GoodKind), GoodFile);

    /// <summary>Replaces the state.</summary>
    /// <exception cref="IOException">The disk refused; the old state stands.</exception>
    public void WriteState(string transition, ConfigState state) => Write(StateFile, StateKind, $"{transition}.state", state);

    /// <summary>Replaces the last good state.</summary>
    /// <exception cref="IOException">The disk refused; the old one stands.</exception>
    public void WriteLastGood(string transition, ConfigState state) => Write(GoodFile, GoodKind, $"{transition}.last-good", state);

    /// <summary>Puts what cannot be read aside.</summary>
    public void PutStateAside() => CheckedFile.PutAside(StateFile);

    /// <summary>Puts what cannot be read aside.</summary>
    public void PutLastGoodAside() => CheckedFile.PutAside(GoodFile);

    /// <summary>Makes a document durable under its hash.</summary>
    /// <exception cref="IOException">The disk refused.</exception>
    public void Keep(string transition, string sha256, ReadOnlySpan<byte> config)
    {
        DurableFile.CreateDirectory(Documents);
        byte[] bytes = config.ToArray();
        at?.Invoke($"{transition}.document.begin");
        DurableFile.Replace(FileOf(sha256), file =>
        {
            file.Write(bytes);
            at?.Invoke($"{transition}.document.written");
        });
        at?.Invoke($"{transition}.document.renamed");
    }

    /// <summary>The bytes of a document; null when they are not there, or not those that its name promises.</summary>
    /// <exception cref="IOException">They cannot be read just now.</exception>
    /// <exception cref="UnauthorizedAccessException">The same.</exception>
    public byte[]? Load(DocumentName name)
    {
        if (name.Sha256.Length != 64 || !name.Sha256.All(char.IsAsciiHexDigitLower)) return null;
        byte[]? bytes = CheckedFile.ReadAtMost(FileOf(name.Sha256), SignedEnvelope.MaxBytes, out _);
        return bytes is not null && Convert.ToHexStringLower(SHA256.HashData(bytes)) == name.Sha256 ? bytes : null;
    }

    /// <summary>Deletes documents that nothing names any more, and what a crash left half-written; what cannot be deleted stays.</summary>
    public void Sweep(params IEnumerable<DocumentName?> named)
    {
        if (!Directory.Exists(Documents)) return;
        var kept = named.OfType<DocumentName>().Select(name => name.Sha256 + ".json").ToHashSet(StringComparer.Ordinal);
        foreach (string file in Directory.EnumerateFiles(Documents).Where(file => !kept.Contains(Path.GetFileName(file))))
        {
            try
            {
                File.Delete(file);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // The next sweep tries again.
            }
        }
    }

    private string FileOf(string sha256) => Path.Combine(Documents, sha256 + ".json");

    private void Write(string path, string kind, string point, ConfigState state)
    {
        DurableFile.CreateDirectory(directory);
        at?.Invoke($"{point}.begin");
        CheckedFile.Write(path, kind, JsonSerializer.SerializeToUtf8Bytes(state, StrictJson.Options), at is null ? null : () => at($"{point}.written"));
        at?.Invoke($"{point}.renamed");
    }

    private static ConfigState? Parse(byte[]? content, string path)
    {
        try
        {
            return content is null ? null : StrictJson.Read<ConfigState>(content);
        }
        catch (FormatException e)
        {
            throw new InvalidDataException($"{path}: {e.Message}", e);
        }
    }
}
