using System.Text.Json;
using Edge.Runtime.Updates.Envelopes;
using Edge.Storage;

namespace Edge.Runtime.Updates.Offers;

/// <summary>
/// The latest offers that were judged, so that a retained one that comes again is not fetched again, and of each key when the newest of them was offered, so that an old one is not offered again by whoever has kept it. To have one judged
/// again, it is offered anew. <c>incoming/judged.json</c>: <c>{"ids": [...], "newest": {"KEY": "TIME"}}</c>; the array of ids alone, as earlier builds wrote it, is read too. Not thread-safe.
/// </summary>
public sealed class JudgedOffers
{
    /// <summary>Offers that are remembered, and keys.</summary>
    public const int Capacity = 32;

    private readonly string file;
    private List<string> ids;
    private Dictionary<string, DateTimeOffset> newest;

    private JudgedOffers(string file, Content content) => (this.file, ids, newest) = (file, [.. content.Ids], new Dictionary<string, DateTimeOffset>(content.Newest, StringComparer.Ordinal));

    /// <summary>Reads the file; a missing or damaged one means that nothing was judged, which costs no more than to fetch and judge something twice.</summary>
    public static JudgedOffers Load(string directory)
    {
        string file = Path.Combine(directory, "judged.json");
        try
        {
            return new JudgedOffers(file, File.Exists(file) ? Read(File.ReadAllBytes(file)) : Content.Empty);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException)
        {
            return new JudgedOffers(file, Content.Empty);
        }
    }

    /// <summary>Whether an offer was.</summary>
    public bool Contains(string id) => ids.Contains(id);

    /// <summary>When the newest one that was judged was offered, of those that a key has signed; null: none of it was.</summary>
    public DateTimeOffset? NewestOf(string keyId) => newest.TryGetValue(keyId, out var at) ? at : null;

    /// <summary>Remembers one; a full disk costs only the memory of it.</summary>
    /// <param name="id">Which one.</param>
    /// <param name="keyId">Who signed it.</param>
    /// <param name="offeredAt">When it was offered.</param>
    public void Add(string id, string keyId, DateTimeOffset offeredAt)
    {
        ids = [.. ids.Where(other => other != id).Append(id).TakeLast(Capacity)];
        if (!(NewestOf(keyId) > offeredAt)) newest[keyId] = offeredAt;
        newest = newest.OrderByDescending(pair => pair.Value).Take(Capacity).ToDictionary(StringComparer.Ordinal);
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            DurableFile.Replace(file, JsonSerializer.SerializeToUtf8Bytes(new Content(ids, newest), StrictJson.Options));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // As said.
        }
    }

    private static Content Read(byte[] utf8) => utf8.AsSpan().TrimStart((byte)' ') is [(byte)'[', ..] ? Content.Empty with { Ids = StrictJson.Read<string[]>(utf8) } : StrictJson.Read<Content>(utf8);

    private sealed record Content(IReadOnlyList<string> Ids, IReadOnlyDictionary<string, DateTimeOffset> Newest)
    {
        public static Content Empty { get; } = new([], new Dictionary<string, DateTimeOffset>());
    }
}
