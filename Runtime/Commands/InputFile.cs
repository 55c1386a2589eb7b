using System.Text;
using System.Text.Json;

namespace Edge.Runtime.Commands;

/// <summary>Files that a verb is given. What is wrong with one names it: a command line may have three.</summary>
internal static class InputFile
{
    /// <summary>Reads a file, and makes of it what it is to be.</summary>
    /// <exception cref="FormatException">It is something else; the message says which file, what and the remedy.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    internal static async Task<T> ReadAsync<T>(string path, Func<byte[], T> parse, CancellationToken cancel) => Parse(path, await File.ReadAllBytesAsync(path, cancel), parse);

    /// <summary>The same for text.</summary>
    /// <inheritdoc cref="ReadAsync{T}(string, Func{byte[], T}, CancellationToken)"/>
    internal static Task<T> ReadAsync<T>(string path, Func<string, T> parse, CancellationToken cancel) => ReadAsync(path, bytes => parse(Encoding.UTF8.GetString(bytes)), cancel);

    /// <summary>Makes of a file's bytes what they are to be.</summary>
    /// <inheritdoc cref="ReadAsync{T}(string, Func{byte[], T}, CancellationToken)"/>
    internal static T Parse<T>(string path, byte[] bytes, Func<byte[], T> parse)
    {
        try
        {
            return parse(bytes);
        }
        catch (Exception e) when (e is FormatException or JsonException)
        {
            throw new FormatException($"'{path}': {DeviceCommand.WithRemedy(e)}", e);
        }
    }
}
