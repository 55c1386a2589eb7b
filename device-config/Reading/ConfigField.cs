using System.Reflection;

namespace Edge.Config;

/// <summary>What kind of JSON value a key takes.</summary>
internal enum FieldKind
{
    /// <summary>An object with keys of its own.</summary>
    Section,

    /// <summary><c>true</c> or <c>false</c>.</summary>
    Flag,

    /// <summary>A number without fraction that fits in 32 bits.</summary>
    Integer,

    /// <summary>A finite number.</summary>
    Number,

    /// <summary>A text.</summary>
    Text,

    /// <summary>A list of texts.</summary>
    TextList,

    /// <summary>A list of lists of three integers.</summary>
    TripleList,

    /// <summary>An object whose keys are texts of the operator's choice, with a finite number each.</summary>
    NumberMap,

    /// <summary>An object whose keys are texts of the operator's choice, with a text each.</summary>
    TextMap,
}

/// <summary>One key that an operator may write.</summary>
internal sealed class ConfigField
{
    public ConfigField(PropertyInfo property, object defaults)
    {
        Property = property;
        Key = SectionShape.KeyOf(property);
        Kind = KindOf(property);
        Limits = new FieldLimits(property);
        Section = Kind == FieldKind.Section ? SectionShape.Of(property.PropertyType) : null;
        Default = property.GetValue(defaults)!;
        Change = property.GetCustomAttribute<ChangeAttribute>()?.Change ?? ConfigChange.Pipeline; // Right for whatever is read at start; a test asks for every field's own word.
    }

    /// <summary>The key in JSON.</summary>
    public string Key { get; }

    /// <summary>The property of the section record.</summary>
    public PropertyInfo Property { get; }

    /// <summary>What it takes.</summary>
    public FieldKind Kind { get; }

    /// <summary>The range, from the attributes.</summary>
    public FieldLimits Limits { get; }

    /// <summary>The keys below it, when <see cref="Kind"/> is <see cref="FieldKind.Section"/>.</summary>
    public SectionShape? Section { get; }

    /// <summary>Its value when it is not written.</summary>
    public object Default { get; }

    /// <summary>What the device does to take another value; of a section without meaning.</summary>
    public ConfigChange Change { get; }

    /// <summary>What it must be, as <see cref="ConfigProblem.Expected"/> says it.</summary>
    public string Expected => Kind switch
    {
        FieldKind.Section => "an object with the keys " + string.Join(", ", Section!.Fields.Select(f => f.Key)),
        FieldKind.Flag => "true or false",
        FieldKind.Integer => "an integer" + Limits.NumberClause,
        FieldKind.Number => "a number" + Limits.NumberClause,
        FieldKind.Text => Limits.TextClause,
        FieldKind.TripleList => $"a list of {Limits.CountClause}lists of three integers{Limits.NumberClause}",
        FieldKind.NumberMap => $"an object of {Limits.CountClause}numbers{Limits.NumberClause}, each under {Limits.TextClause}",
        FieldKind.TextMap => $"an object of {Limits.CountClause}names, each under another one, and each {Limits.TextClause}",
        _ => "a list of " + Limits.CountClause + "texts",
    };

    /// <summary>The closing of a remedy: how to get the default.</summary>
    public string OrDefault => "or delete it for the default" + (Kind is FieldKind.Section or FieldKind.TextList or FieldKind.TripleList or FieldKind.NumberMap or FieldKind.TextMap ? "" : " " + CanonicalConfig.Scalar(Default));

    private static FieldKind KindOf(PropertyInfo property) => property.PropertyType switch
    {
        Type t when t == typeof(bool) => FieldKind.Flag,
        Type t when t == typeof(int) => FieldKind.Integer,
        Type t when t == typeof(double) => FieldKind.Number,
        Type t when t == typeof(string) => FieldKind.Text,
        Type t when t == typeof(IReadOnlyList<string>) => FieldKind.TextList,
        Type t when t == typeof(IReadOnlyList<IReadOnlyList<int>>) => FieldKind.TripleList,
        Type t when t == typeof(IReadOnlyDictionary<string, double>) => FieldKind.NumberMap,
        Type t when t == typeof(IReadOnlyDictionary<string, string>) => FieldKind.TextMap,
        Type t when t.IsClass && t.Namespace == typeof(DeviceConfig).Namespace => FieldKind.Section,
        Type t =>
            throw new NotSupportedException($"{property.DeclaringType!.Name}.{property.Name} is a {t.Name}: a new kind of field needs"
                + " a row in FieldKind, a case in FieldReader and one in ConfigSchema."),
    };
}
