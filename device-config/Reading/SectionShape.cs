using System.Collections.Concurrent;
using System.Reflection;
using System.Text.Json;

namespace Edge.Config;

/// <summary>
/// The keys of one section, taken from its record: the record is the only place where a key, its type, its default and its limits are written down.
/// </summary>
internal sealed class SectionShape
{
    private static readonly ConcurrentDictionary<Type, SectionShape> Known = new();
    private readonly Type _type;
    private readonly Dictionary<string, ConfigField> _byKey;

    private SectionShape(Type type)
    {
        _type = type;
        object defaults = Create();
        Fields = [.. type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(p => p.CanWrite).OrderBy(p => p.MetadataToken).Select(p =>
            new ConfigField(p, defaults))];
        _byKey = Fields.ToDictionary(f => f.Key);
    }

    /// <summary>The keys in the order of declaration.</summary>
    public IReadOnlyList<ConfigField> Fields { get; }

    /// <summary>The shape of a section record. It is made once per type.</summary>
    public static SectionShape Of(Type section) => Known.GetOrAdd(section, static type => new SectionShape(type));

    /// <summary>A new section with every key at its default.</summary>
    public object Create() => Activator.CreateInstance(_type)!;

    /// <summary>The field called <paramref name="key"/>, case-sensitively, or null.</summary>
    public ConfigField? Find(string key) => _byKey.GetValueOrDefault(key);

    /// <summary>The key of a property as JSON writes it.</summary>
    public static string KeyOf(PropertyInfo property) => JsonNamingPolicy.CamelCase.ConvertName(property.Name);
}
