using System.Text.Json;
using System.Text.Json.Nodes;
using Edge.Config;
using Edge.Storage;

namespace Edge.Runtime.Updates;

/// <summary>The configuration a device runs with: the document it was started with, and over it, as a merge patch, what was last accepted over the air (kept in <c>desired.json</c>).</summary>
public sealed class RunningConfig
{
    private const string Defaults = "defaults";
    private static readonly JsonSerializerOptions s_json = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase };
    private readonly string baseSource;
    private readonly byte[] baseUtf8;

    private RunningConfig(string baseSource, byte[] baseUtf8, ConfigVerdict verdict, AcceptedOverlay? overlay)
    {
        (this.baseSource, this.baseUtf8) = (baseSource, baseUtf8);
        Verdict = verdict;
        Overlay = overlay;
    }

    /// <summary>The effective configuration, or everything that is wrong with it.</summary>
    public ConfigVerdict Verdict { get; }

    /// <summary>What was accepted over the air; null when nothing was.</summary>
    public AcceptedOverlay? Overlay { get; }

    /// <summary>Where the configuration comes from: <c>default</c>, <c>file</c> or <c>desired</c>.</summary>
    public string Source => Overlay is not null ? "desired" : baseSource == Defaults ? "default" : "file";

    /// <summary>Reads the document at <paramref name="path"/> (null: the defaults).</summary>
    public static RunningConfig Read(string? path)
    {
        if (path is null) return new RunningConfig(Defaults, "{}"u8.ToArray(), DeviceConfigReader.Read("{}"u8, Defaults), null);
        var verdict = DeviceConfigReader.ReadFile(path);
        return new RunningConfig(path, verdict.IsValid ? File.ReadAllBytes(path) : "{}"u8.ToArray(), verdict, null);
    }

    /// <summary>The same with what was accepted over the air, if anything was and it still fits; what does not fit any more is set aside.</summary>
    /// <param name="directory">Folder of <c>desired.json</c>.</param>
    /// <param name="setAside">Why the overlay was not used; null when there was none or it fits.</param>
    public RunningConfig WithOverlay(string directory, out string? setAside)
    {
        setAside = null;
        string file = FileIn(directory);
        if (!File.Exists(file)) return this;
        try
        {
            var overlay = JsonSerializer.Deserialize<AcceptedOverlay>(File.ReadAllBytes(file), s_json) ?? throw new JsonException("the document is null");
            var merged = Merge(overlay);
            if (merged.IsValid) return new RunningConfig(baseSource, baseUtf8, merged, overlay);
            setAside = string.Join(" ", merged.Problems);
        }
        catch (JsonException e)
        {
            setAside = e.Message;
        }

        SetAside(directory);
        return this;
    }

    /// <summary>Reads an overlay over the document that the device was started with.</summary>
    public ConfigVerdict Merge(AcceptedOverlay overlay) =>
        DeviceConfigReader.ReadMerged(baseUtf8, baseSource, JsonSerializer.SerializeToUtf8Bytes(overlay.Config), $"desired version {overlay.Version}");

    /// <summary>Makes an overlay the one that the next start uses.</summary>
    /// <exception cref="IOException">The disk refused; the old one stands.</exception>
    public static void Keep(string directory, AcceptedOverlay overlay)
    {
        Directory.CreateDirectory(directory);
        DurableFile.Replace(FileIn(directory), JsonSerializer.SerializeToUtf8Bytes(overlay, s_json));
    }

    /// <summary>Takes the overlay out of use: it could not be run.</summary>
    public static void SetAside(string directory) => File.Move(FileIn(directory), Path.Combine(directory, "desired.refused.json"), overwrite: true);

    private static string FileIn(string directory) => Path.Combine(directory, "desired.json");
}

/// <summary>A configuration that was accepted over the air.</summary>
/// <param name="Version">Its version, given by whoever sent it.</param>
/// <param name="Config">Only what it changes.</param>
public sealed record AcceptedOverlay(long Version, JsonObject Config);
