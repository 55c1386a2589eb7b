using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Edge.Runtime.Updates.Envelopes;
using Edge.Telemetry.Messages;

namespace Edge.Runtime.Updates.Checks;

/// <summary>Whom a document is meant for: everything that is named must be the device's own. Nothing named: every device that receives it.</summary>
/// <param name="Fleet"><c>device.fleet</c>.</param>
/// <param name="Group">One of <c>device.groups</c>.</param>
/// <param name="Device">The device's id in topics.</param>
public sealed record UpdateTarget(string? Fleet = null, string? Group = null, string? Device = null)
{
    /// <summary>All three; null: not named.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public IReadOnlyList<string?> Names => [Fleet, Group, Device];

    /// <summary>For whom it is, when that is not this device; null when it is.</summary>
    /// <param name="deviceId">The device's name in topics.</param>
    /// <param name="device">Its fleet and groups.</param>
    public Reason? WhyNot(string deviceId, Config.DeviceSection device)
    {
        string? wrong = Device is { } id && id != deviceId ? $"device '{id}', this is '{deviceId}'"
            : Fleet is { } fleet && fleet != device.Fleet ? $"fleet '{fleet}', device.fleet is '{device.Fleet}'"
            : Group is { } group && !device.Groups.Contains(group, StringComparer.Ordinal) ? $"group '{group}', device.groups has {(device.Groups.Count == 0 ? "none" : string.Join(", ", device.Groups))}"
            : null;
        return wrong is null ? null : new Reason(ReasonCode.NotForThisDevice, $"it is meant for {wrong}");
    }
}

/// <summary>How much of the fleet takes it.</summary>
/// <param name="Percent">0 to 100.</param>
/// <param name="Seed">Chooses which devices; one seed with a growing percentage only adds devices.</param>
public sealed record Rollout(double Percent, long Seed = 0)
{
    /// <summary>The device's bucket, 0 to 99: the first eight bytes of SHA-256 over <c>SEED:DEVICE</c>, big-endian, modulo 100.</summary>
    public static int BucketOf(long seed, string deviceId) =>
        (int)(System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{seed}:{deviceId}")))) % 100);
}

/// <summary>
/// What a fleet wants: <c>{"version", "notAfter", "target", "rollout", "minimumRuntime", "config"}</c>, of which <c>version</c> and <c>config</c> must be there; <c>schema</c> may be, and is then <see cref="ConfigDesiredMessage.SchemaName"/>. It is a state and not a command: whoever receives it twice is where
/// he was.
/// </summary>
public sealed record DesiredPayload
{
    private static readonly JsonSerializerOptions s_writing = new(StrictJson.Options) { DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull };

    private DesiredPayload(Shape shape, byte[] config) => (Version, NotAfter, Target, Rollout, MinimumRuntime, Config) = (shape.Version, shape.NotAfter, shape.Target ?? new UpdateTarget(), shape.Rollout, shape.MinimumRuntime is null ? null : System.Version.Parse(shape.MinimumRuntime), config);

    /// <summary>Grows with every change, from 1; counted per key.</summary>
    public long Version { get; }

    /// <summary>From when on nobody takes it any more; null: never.</summary>
    public DateTimeOffset? NotAfter { get; }

    /// <summary>Whom it is meant for.</summary>
    public UpdateTarget Target { get; }

    /// <summary>How much of the fleet takes it; null: all.</summary>
    public Rollout? Rollout { get; }

    /// <summary>Lowest version of the service that understands it; null: any.</summary>
    public Version? MinimumRuntime { get; }

    /// <summary>The merge patch (RFC 7396) over the file that the device was started with: exactly the bytes that were sent, UTF-8.</summary>
    public byte[] Config { get; }

    /// <summary>SHA-256 of <see cref="Config"/>, 64 hexadecimal digits: what must be equal for two documents of one version to be the same. Target, expiry and rollout are not in it, so that a rollout can be widened under one version.</summary>
    public string ContentHash => Convert.ToHexStringLower(SHA256.HashData(Config));

    /// <summary>Reads a payload; what stands inside <c>config</c> is for the configuration's own reader to judge.</summary>
    /// <exception cref="FormatException">It is none; the message says why.</exception>
    public static DesiredPayload Read(ReadOnlySpan<byte> utf8)
    {
        var shape = StrictJson.Read<Shape>(utf8);
        if (shape.Schema is not null and not ConfigDesiredMessage.SchemaName) throw new FormatException($"schema must be {ConfigDesiredMessage.SchemaName}, the one that this device knows, or left out");
        if (shape.Version < 1) throw new FormatException($"version is {shape.Version}; count from 1");
        if (shape.Config.ValueKind != JsonValueKind.Object) throw new FormatException("config must be an object");
        if (shape.Rollout is { } rollout && !(rollout.Percent is >= 0 and <= 100)) throw new FormatException($"rollout.percent is {rollout.Percent}; expected 0 to 100");
        foreach (string? name in new[] { shape.Target?.Fleet, shape.Target?.Group, shape.Target?.Device })
        {
            if (name is not null && (name.Length is 0 or > 64 || name.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('.' or '_' or '-')))) throw new FormatException("a name in target must have 1 to 64 letters, digits, '.', '_' or '-'; leave it out to name none");
        }

        if (shape.MinimumRuntime is { } least && !System.Version.TryParse(least, out _)) throw new FormatException("minimumRuntime must be a version such as 0.1.0");
        return new DesiredPayload(shape, Encoding.UTF8.GetBytes(shape.Config.GetRawText()));
    }

    /// <summary>Writes a payload whose <c>config</c> is these bytes.</summary>
    /// <exception cref="FormatException">One of the values could not be read back; the message says which.</exception>
    public static byte[] Write(long version, ReadOnlySpan<byte> configUtf8, UpdateTarget? target = null, DateTimeOffset? notAfter = null, Rollout? rollout = null, string? minimumRuntime = null)
    {
        using var config = JsonDocument.Parse(configUtf8.ToArray(), new JsonDocumentOptions { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip });
        byte[] bytes = JsonSerializer.SerializeToUtf8Bytes(new Shape(version, config.RootElement, notAfter, target, rollout, minimumRuntime), s_writing);
        _ = Read(bytes);
        return bytes;
    }

    private sealed record Shape(long Version, JsonElement Config, DateTimeOffset? NotAfter = null, UpdateTarget? Target = null, Rollout? Rollout = null, string? MinimumRuntime = null, string? Schema = null);
}
