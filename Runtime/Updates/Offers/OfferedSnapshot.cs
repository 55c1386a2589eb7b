using System.Security.Cryptography;
using Edge.Runtime.Updates.Checks;
using Edge.Storage;

namespace Edge.Runtime.Updates.Offers;

/// <summary>The side that offers: a snapshot's files as one whole, cut into pieces.</summary>
public sealed class OfferedSnapshot
{
    private readonly IReadOnlyList<string> paths;

    private OfferedSnapshot(IReadOnlyList<string> paths, SnapshotOffer offer) => (this.paths, Offer) = (paths, offer);

    /// <summary>What is to be signed.</summary>
    public SnapshotOffer Offer { get; }

    /// <summary>Reads the files and computes every hash.</summary>
    /// <param name="manifest">The snapshot.</param>
    /// <param name="paths">Its files, in the order of <see cref="SnapshotOffer.FileNames"/>; they must not change while it is offered.</param>
    /// <param name="target">Whom it is meant for.</param>
    /// <param name="chunkBytes">Bytes of a piece.</param>
    /// <param name="now">When it is offered.</param>
    /// <param name="notAfter">Until when it may be taken; null: for ever.</param>
    public static OfferedSnapshot Of(SnapshotManifest manifest, IReadOnlyList<string> paths, UpdateTarget target, int chunkBytes, DateTimeOffset now, DateTimeOffset? notAfter = null)
    {
        var files = paths.Select((path, i) => new OfferedFile(SnapshotOffer.FileNames[i], new FileInfo(path).Length, SnapshotFolder.HashOf(path))).ToList();
        using var whole = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var chunks = new List<string>();
        long bytes = files.Sum(file => file.Bytes);
        for (long at = 0; at < bytes; at += chunkBytes)
        {
            byte[] piece = ReadAt(paths, at, (int)Math.Min(chunkBytes, bytes - at));
            whole.AppendData(piece);
            chunks.Add(SnapshotOffer.HashOf(piece));
        }

        return new OfferedSnapshot(paths, new SnapshotOffer { Manifest = manifest, Target = target, OfferedAt = now, NotAfter = notAfter, Files = files, Sha256 = Convert.ToHexStringLower(whole.GetHashAndReset()), ChunkBytes = chunkBytes, Chunks = chunks });
    }

    /// <summary>A piece.</summary>
    /// <exception cref="IOException">A file is gone.</exception>
    public SnapshotChunk Chunk(int index) => new(Offer.Sha256, index, ReadAt(paths, (long)index * Offer.ChunkBytes, Offer.BytesOf(index)));

    private static byte[] ReadAt(IReadOnlyList<string> paths, long at, int count)
    {
        byte[] piece = new byte[count];
        int filled = 0;
        foreach (string path in paths)
        {
            using var file = File.OpenRead(path);
            if (at < file.Length && filled < count)
            {
                file.Position = at;
                filled += file.ReadAtLeast(piece.AsSpan(filled), (int)Math.Min(count - filled, file.Length - at), throwOnEndOfStream: true);
            }

            at = Math.Max(0, at - file.Length);
        }

        return piece;
    }
}
