namespace Edge.Config;

/// <summary>
/// Reads a device configuration strictly: unknown keys, duplicate keys, wrong types, values out of range and values that contradict each other are refused, all
/// in one verdict.
/// Comments (<c>//</c>, <c>/* */</c>), trailing commas, a UTF-8 byte order mark and a top-level <c>$schema</c> are allowed; a number such as 50.0 counts as an
/// integer, as in JSON Schema.
/// A document is at most 256 KiB and 32 levels deep. Nothing that is read makes these methods throw.
/// </summary>
public static class DeviceConfigReader
{
    /// <summary>Reads one document.</summary>
    /// <param name="utf8">The document.</param>
    /// <param name="source">What it is called in the verdict, for example its path.</param>
    public static ConfigVerdict Read(ReadOnlySpan<byte> utf8, string source)
    {
        var text = new ConfigText(utf8);
        var findings = new ConfigFindings(text);
        return JsonPartReader.Read(text, "", findings) is { } document ? Judge(document, source, findings) : ConfigVerdict.Refused(source, findings);
    }

    /// <summary>Reads one file. A file that is missing or cannot be read is a verdict too.</summary>
    public static ConfigVerdict ReadFile(string path)
    {
        try
        {
            return Read(ReadBounded(path), path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            var findings = new ConfigFindings(null);
            bool isMissing = e is FileNotFoundException or DirectoryNotFoundException;
            string value = isMissing ? "missing" : $"not readable ({e.Message.TrimEnd('.')})";
            string remedy = isMissing ? "create it, {} gives all defaults, or correct the path" : "let the service's user read it, or correct the path";
            findings.Add(new ConfigProblem("", value, "a file that can be read", remedy, null, null));
            return ConfigVerdict.Refused(path, findings);
        }
    }

    /// <summary>
    /// Reads <paramref name="overlayUtf8"/> merged over <paramref name="baseUtf8"/> (RFC 7396): what the overlay does not name stays, null in it goes back to
    /// the default. Places in the merged
    /// document have no line; the problems of one of the two texts, such as broken JSON or a key given twice, name that text.
    /// </summary>
    /// <param name="baseUtf8">What holds now, for example the device's own file.</param>
    /// <param name="baseSource">What that is called in the verdict.</param>
    /// <param name="overlayUtf8">What shall change.</param>
    /// <param name="overlaySource">What that is called in the verdict.</param>
    public static ConfigVerdict ReadMerged(ReadOnlySpan<byte> baseUtf8, string baseSource, ReadOnlySpan<byte> overlayUtf8, string overlaySource)
    {
        string source = $"{overlaySource} over {baseSource}";
        var findings = new ConfigFindings(null);
        JsonPart? basis = JsonPartReader.Read(new ConfigText(baseUtf8), $" in {baseSource}", findings);
        JsonPart? overlay = JsonPartReader.Read(new ConfigText(overlayUtf8), $" in {overlaySource}", findings);
        if (basis is null || overlay is null)
        {
            return ConfigVerdict.Refused(source, findings);
        }

        RemovedKeys.Check(SectionShape.Of(typeof(DeviceConfig)), basis, overlay, "", findings);
        return Judge(MergePatch.Merge(basis, overlay), source, findings);
    }

    private static ConfigVerdict Judge(JsonPart document, string source, ConfigFindings findings)
    {
        DeviceConfig config = SectionReader.Read(document, findings);
        if (!findings.IsFull)
        {
            CrossFieldRules.Check(config, findings);
        }

        return ConfigVerdict.Of(source, config, findings);
    }

    /// <summary>At most one byte more than is allowed, so that an endless file such as /dev/zero is refused and not read.</summary>
    private static byte[] ReadBounded(string path)
    {
        using FileStream file = File.OpenRead(path);
        byte[] buffer = new byte[JsonPartReader.MaxBytes + 1];
        int length = file.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
        return buffer[..length];
    }
}
