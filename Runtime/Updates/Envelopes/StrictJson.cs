using System.Text.Json;
using System.Text.Unicode;

namespace Edge.Runtime.Updates.Envelopes;

/// <summary>Reads JSON of a known shape from whoever sent it: unknown, missing and doubled members are refused, and nothing that is read throws anything but <see cref="FormatException"/>.</summary>
internal static class StrictJson
{
    /// <summary>Levels that are looked into.</summary>
    public const int MaxDepth = 40;

    /// <summary>How it is read and written: camelCase, members as declared.</summary>
    public static JsonSerializerOptions Options { get; } = new(JsonSerializerOptions.Strict) { PropertyNamingPolicy = JsonNamingPolicy.CamelCase, MaxDepth = MaxDepth };

    /// <summary>Reads a <typeparamref name="T"/>.</summary>
    /// <exception cref="FormatException">It is none; the message says what is wrong, where, and what belongs there.</exception>
    public static T Read<T>(ReadOnlySpan<byte> utf8)
    {
        if (!Utf8.IsValid(utf8)) throw new FormatException("it is not UTF-8; save it in that encoding");
        try
        {
            return JsonSerializer.Deserialize<T>(utf8, Options) ?? throw new FormatException("it is null; expected an object");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or NotSupportedException or ArgumentException or OverflowException)
        {
            throw new FormatException(ShapeFault.Of(utf8, typeof(T), Options), e);
        }
    }
}
