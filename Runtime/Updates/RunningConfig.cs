using Edge.Config;
using Edge.Runtime.Updates.Checks;
using Edge.Runtime.Updates.States;

namespace Edge.Runtime.Updates;

/// <summary>A configuration as a device runs it: the document it was started with, and over it, as a merge patch, what was accepted over the air.</summary>
public sealed class RunningConfig
{
    private const string Defaults = "defaults";
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

    /// <summary>The same document with another overlay; its verdict says whether the two fit. Null: without any.</summary>
    public RunningConfig With(AcceptedOverlay? overlay) => overlay is null
        ? new RunningConfig(baseSource, baseUtf8, DeviceConfigReader.Read(baseUtf8, baseSource), null)
        : new RunningConfig(baseSource, baseUtf8, Under(overlay.ConfigUtf8, $"desired version {overlay.Version}"), overlay);

    /// <summary>The verdict on the same document with a merge patch over it (RFC 7396), as a device would come to it.</summary>
    /// <param name="patchUtf8">What is to change.</param>
    /// <param name="source">What the patch is called in the verdict.</param>
    public ConfigVerdict Under(ReadOnlySpan<byte> patchUtf8, string source) => DeviceConfigReader.ReadMerged(baseUtf8, baseSource, patchUtf8, source);

    /// <summary>What runs with the last good document; one that does not fit the file any more is set aside, and the file runs alone.</summary>
    public RunningConfig WithGoodOf(ConfigMachine machine)
    {
        var good = With(machine.Good);
        if (good.Verdict.IsValid) return good;
        machine.SetGoodAside([.. good.Verdict.Problems.Select(problem => new Reason(ReasonCode.NoLongerValid, problem.ToString()))]);
        return With(null);
    }

    /// <summary>What a verb works with: the last good document where there is one that fits. Nothing is written.</summary>
    public RunningConfig AsLeftIn(string directory) => ConfigMachine.Look(directory) is { } good && With(good) is { Verdict.IsValid: true } running ? running : this;
}

/// <summary>A configuration that was accepted over the air.</summary>
/// <param name="Version">Its version, given by whoever sent it.</param>
/// <param name="KeyId">Who signed it; <see cref="Envelopes.KeyId.Unsigned"/> when nobody did.</param>
/// <param name="ConfigUtf8">Only what it changes: a merge patch, exactly as it was sent.</param>
public sealed record AcceptedOverlay(long Version, string KeyId, byte[] ConfigUtf8);
