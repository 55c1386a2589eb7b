namespace Edge.Benchmarks;

/// <summary>What a table must say about where it was measured.</summary>
internal static class Machine
{
    /// <summary>CPU, cores, system, .NET, date and load, as Markdown list items.</summary>
    public static IEnumerable<string> Facts()
    {
        string cpu = File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':', 2)[1].Trim() ?? "unknown CPU";
        yield return $"- {cpu}, {Environment.ProcessorCount} cores; {Environment.OSVersion}; .NET {Environment.Version}";
        yield return $"- {DateTime.UtcNow:yyyy-MM-dd HH:mm} UTC, load average at the end {File.ReadAllText("/proc/loadavg").Split(' ')[0]}";
    }

    /// <summary>Prints a report, and writes it where asked.</summary>
    public static void Publish(IEnumerable<string> lines, string? file)
    {
        string text = string.Join('\n', lines) + "\n";
        Console.Write(text);
        if (file is not null) File.WriteAllText(file, text);
    }
}
