using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Edge.Config;

/// <summary>A configuration as text: one way to write each configuration, so that texts and hashes can be compared.</summary>
public static class CanonicalConfig
{
    /// <summary>
    /// How the sections become JSON. By reflection and not by a source-generated context: the same metadata then serves writing and schema, and start-up reads
    /// one document, so speed is no reason.
    /// </summary>
    internal static JsonSerializerOptions Options { get; } = MakeOptions(indented: false);

    private static readonly JsonSerializerOptions Indented = MakeOptions(indented: true);

    /// <summary>
    /// The canonical form: UTF-8, every key in the order of declaration, defaults written out, no white space, numbers in the shortest form that reads back the
    /// same.
    /// </summary>
    public static byte[] Write(DeviceConfig config) => JsonSerializer.SerializeToUtf8Bytes(config, Options);

    /// <summary>SHA-256 of <paramref name="canonicalUtf8"/> as 64 lower-case hexadecimal digits.</summary>
    public static string Hash(ReadOnlySpan<byte> canonicalUtf8) => Convert.ToHexStringLower(SHA256.HashData(canonicalUtf8));

    /// <summary>The same content for people: two spaces of indentation, a line feed after each line.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="schema">Place of the schema, written as the first key <c>$schema</c> for editors; null: none.</param>
    public static string WriteIndented(DeviceConfig config, string? schema = null)
    {
        string text = JsonSerializer.Serialize(config, Indented) + "\n";
        return schema is null ? text : new StringBuilder(text).Insert(2, $"  \"{SectionReader.SchemaKey}\": {Scalar(schema)},\n").ToString();
    }

    /// <summary>One value as JSON.</summary>
    internal static string Scalar(object value) => value is double number ? FieldLimits.Plain(number) : JsonSerializer.Serialize(value, Options);

    private static JsonSerializerOptions MakeOptions(bool indented)
    {
        var options = new JsonSerializerOptions
        {
            PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
            UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
            RespectNullableAnnotations = true,
            // The text goes to files and terminals, not into HTML: a class called "Tür" and a pattern with "+" stay readable.
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
            WriteIndented = indented,
            NewLine = "\n",
        };
        options.MakeReadOnly();
        return options;
    }
}
