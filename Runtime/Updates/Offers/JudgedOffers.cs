using System.Text.Json;
using Edge.Runtime.Updates.Envelopes;
using Edge.Storage;

namespace Edge.Runtime.Updates.Offers;

/// <summary>The latest offers that were judged, so that a retained one that comes again is not fetched again. To have one judged again, it is offered again. Not thread-safe.</summary>
public sealed class JudgedOffers
{
    /// <summary>Offers that are remembered.</summary>
    public const int Capacity = 32;

    private readonly string file;
    private List<string> ids;

    private JudgedOffers(string file, List<string> ids) => (this.file, this.ids) = (file, ids);

    /// <summary>Reads the file; a missing or damaged one means that nothing was judged, which costs no more than to fetch something twice.</summary>
    public static JudgedOffers Load(string directory)
    {
        string file = Path.Combine(directory, "judged.json");
        try
        {
            return new JudgedOffers(file, File.Exists(file) ? [.. StrictJson.Read<string[]>(File.ReadAllBytes(file))] : []);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException)
        {
            return new JudgedOffers(file, []);
        }
    }

    /// <summary>Whether an offer was.</summary>
    public bool Contains(string id) => ids.Contains(id);

    /// <summary>Remembers one; a full disk costs only the memory of it.</summary>
    public void Add(string id)
    {
        ids = [.. ids.Where(other => other != id).Append(id).TakeLast(Capacity)];
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            DurableFile.Replace(file, JsonSerializer.SerializeToUtf8Bytes(ids, StrictJson.Options));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // As said.
        }
    }
}
