using System.Text;
using Edge.Storage;

namespace Edge.Telemetry.HomeAssistant;

/// <summary>
/// Remembers over restarts where the device was announced, so that it can be taken back when discovery is switched off or its topic is another. The file: <c>edge-announced 1</c> and then a topic per line, UTF-8; gone when nothing
/// is announced. One that this version does not understand says nothing.
/// </summary>
public sealed class AnnouncementRecord
{
    private const string Head = "edge-announced 1";
    private readonly string _path;

    /// <summary>The record at <paramref name="path"/>; it need not be there.</summary>
    public AnnouncementRecord(string path)
    {
        _path = path;
        try
        {
            if (File.Exists(path) && File.ReadAllText(path).Split('\n', StringSplitOptions.RemoveEmptyEntries) is [Head, .. var topics]) Topics = topics;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Weather: what was announced stays.
        }
    }

    /// <summary>Topics of announcements that may stand on the broker.</summary>
    public IReadOnlyList<string> Topics { get; private set; } = [];

    /// <summary>Replaces them. Where the disk refuses, an announcement may stay after a later change.</summary>
    public void Note(IReadOnlyList<string> topics)
    {
        ArgumentNullException.ThrowIfNull(topics);
        if (topics.SequenceEqual(Topics)) return;
        Topics = topics;
        try
        {
            if (topics.Count == 0) File.Delete(_path);
            else DurableFile.Replace(_path, Encoding.UTF8.GetBytes($"{Head}\n{string.Join('\n', topics)}\n"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Weather: the announcement itself is made all the same.
        }
    }
}
