using System.Globalization;
using System.Security.Cryptography;
using Edge.Storage;

namespace Edge.Runtime.Updates.Offers;

/// <summary>
/// The pieces of an offered snapshot that have come so far, below <c>incoming</c>: a folder named by the hash of the whole, a file for each piece, each there whole and fsynced or not at all. Whoever is interrupted looks at what lies there, and
/// goes on with what is missing.
/// </summary>
public sealed class IncomingSnapshot
{
    private const string Ending = ".chunk", Assembled = "candidate", AttemptsName = "attempts";
    private readonly string folder;
    private readonly bool[] held;

    private IncomingSnapshot(string folder, SnapshotOffer offer) => (this.folder, Offer, held) = (folder, offer, new bool[offer.Chunks.Count]);

    /// <summary>What is fetched.</summary>
    public SnapshotOffer Offer { get; }

    /// <summary>Pieces that are on disk.</summary>
    public int HeldCount { get; private set; }

    /// <summary>Whether all are.</summary>
    public bool IsComplete => HeldCount == held.Length;

    /// <summary>Opens the folder of an offer, as far as it was fetched before; what was fetched of any other is deleted.</summary>
    /// <param name="directory">The folder <c>incoming</c> of the data directory.</param>
    /// <param name="offer">What is fetched; checked.</param>
    /// <exception cref="IOException">The disk refused.</exception>
    public static IncomingSnapshot Open(string directory, SnapshotOffer offer)
    {
        var incoming = new IncomingSnapshot(Path.Combine(directory, offer.Sha256), offer);
        DurableFile.CreateDirectory(directory);
        foreach (string other in Directory.GetDirectories(directory).Where(path => path != incoming.folder)) Directory.Delete(other, recursive: true);
        DurableFile.CreateDirectory(incoming.folder);
        for (int i = 0; i < incoming.held.Length; i++)
        {
            string file = incoming.FileOf(i);
            if (!File.Exists(file)) continue;
            if (SnapshotFolder.HashOf(file) == offer.Chunks[i]) incoming.Note(i);
            else File.Delete(file); // Cut into other pieces last time, or a bad disk.
        }

        return incoming;
    }

    /// <summary>The first pieces that are missing.</summary>
    public IReadOnlyList<int> Missing(int most) => [.. Enumerable.Range(0, held.Length).Where(i => !held[i]).Take(most)];

    /// <summary>Whether a piece is on disk.</summary>
    public bool Has(int chunk) => held[chunk];

    /// <summary>Keeps a piece, durably.</summary>
    /// <returns>False when it is not what the offer says; nothing is written then.</returns>
    /// <exception cref="IOException">The disk refused.</exception>
    public bool Keep(int chunk, ReadOnlySpan<byte> data)
    {
        if (data.Length != Offer.BytesOf(chunk) || SnapshotOffer.HashOf(data) != Offer.Chunks[chunk]) return false;
        if (held[chunk]) return true;
        DurableFile.Replace(FileOf(chunk), data);
        Note(chunk);
        return true;
    }

    /// <summary>Puts the files together from all the pieces, and compares every hash.</summary>
    /// <returns>The folder with the files; null when they are not what the offer says, and then all of it is gone.</returns>
    /// <exception cref="InvalidDataException">The disk has changed a piece since it was kept: that one is missing again.</exception>
    /// <exception cref="IOException">The disk refused.</exception>
    public string? Assemble()
    {
        string target = Path.Combine(folder, Assembled);
        if (Directory.Exists(target)) Directory.Delete(target, recursive: true);
        Directory.CreateDirectory(target);
        using var whole = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var pieces = new PieceReader(this);
        bool isSound = true;
        foreach (var file in Offer.Files)
        {
            string path = Path.Combine(target, file.Name);
            DurableFile.Replace(path, stream => pieces.Copy(file.Bytes, stream, whole));
            isSound &= SnapshotFolder.HashOf(path) == file.Sha256;
        }

        if (isSound && Convert.ToHexStringLower(whole.GetHashAndReset()) == Offer.Sha256) return target;
        Delete();
        return null;
    }

    /// <summary>How often the learner has begun to judge an offer and did not come to an end.</summary>
    /// <param name="id">Which one; the same snapshot offered anew begins anew.</param>
    public int AttemptsOf(string id)
    {
        string file = Path.Combine(folder, AttemptsName);
        return File.Exists(file) && File.ReadAllText(file).Split(' ') is [var whose, var count] && whose == id && int.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out int attempts) ? attempts : 0;
    }

    /// <summary>Writes down, durably, how often it has.</summary>
    /// <exception cref="IOException">The disk refused.</exception>
    public void NoteAttempts(string id, int count) => DurableFile.Replace(Path.Combine(folder, AttemptsName), System.Text.Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{id} {count}")));

    /// <summary>Lets go of everything that was fetched.</summary>
    public void Delete()
    {
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
        Array.Clear(held);
        HeldCount = 0;
    }

    private byte[] Read(int chunk)
    {
        byte[] piece = File.ReadAllBytes(FileOf(chunk));
        if (SnapshotOffer.HashOf(piece) == Offer.Chunks[chunk]) return piece;
        File.Delete(FileOf(chunk));
        (held[chunk], HeldCount) = (false, HeldCount - 1);
        throw new InvalidDataException(string.Create(CultureInfo.InvariantCulture, $"piece {chunk} is not on disk as it was written; it is asked for again"));
    }

    private string FileOf(int chunk) => Path.Combine(folder, chunk.ToString("D6", CultureInfo.InvariantCulture) + Ending);

    private void Note(int chunk)
    {
        held[chunk] = true;
        HeldCount++;
    }

    /// <summary>The whole as one stream of bytes, a piece in memory at a time.</summary>
    private sealed class PieceReader(IncomingSnapshot incoming) : IDisposable
    {
        private byte[] piece = [];
        private int next, used;

        public void Copy(long count, Stream to, IncrementalHash whole)
        {
            while (count > 0)
            {
                if (used == piece.Length) (piece, used) = (incoming.Read(next++), 0);
                int part = (int)Math.Min(count, piece.Length - used);
                to.Write(piece, used, part);
                whole.AppendData(piece, used, part);
                used += part;
                count -= part;
            }
        }

        public void Dispose() => piece = [];
    }
}
