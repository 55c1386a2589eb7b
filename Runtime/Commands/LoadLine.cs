using System.Globalization;
using Edge.Storage;

namespace Edge.Runtime.Commands;

/// <summary>How far a load is, on one line that is written over and over; ended when all is read.</summary>
internal sealed class LoadLine(TextWriter to) : IProgress<LoadProgress>
{
    private int longest;

    /// <summary>For a person who looks at standard error; null where nobody does.</summary>
    internal static LoadLine? ForAPerson() => Console.IsErrorRedirected ? null : new LoadLine(Console.Error);

    /// <inheritdoc/>
    public void Report(LoadProgress value)
    {
        string text = string.Create(CultureInfo.InvariantCulture, $"{value.DoneBytes / 1048576.0:0.0} of {value.TotalBytes / 1048576.0:0.0} MiB read, {Path.GetFileName(value.File)}");
        longest = Math.Max(longest, text.Length);
        to.Write($"\r{text.PadRight(longest)}");
        if (value.DoneBytes >= value.TotalBytes) to.WriteLine();
    }
}
