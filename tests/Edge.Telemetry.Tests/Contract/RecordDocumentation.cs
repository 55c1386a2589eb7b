using System.Reflection;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Edge.Telemetry.Tests.Contract;

/// <summary>The doc comments of the message records, from the documentation files that the compiler writes beside the assemblies, as one line of plain text.</summary>
internal static partial class RecordDocumentation
{
    private static readonly Dictionary<string, XElement> s_members = new[] { "Edge.Telemetry", "Edge.Storage" }
        .SelectMany(name => XDocument.Load(Path.Combine(AppContext.BaseDirectory, name + ".xml")).Descendants("member"))
        .Where(member => member.Attribute("name") is not null)
        .DistinctBy(member => member.Attribute("name")!.Value)
        .ToDictionary(member => member.Attribute("name")!.Value);

    public static string Of(Type type) => Find("T:" + type.FullName)?.Element("summary") is { } summary ? Text(summary) : "";

    /// <summary>Of a property; of a positional one, its parameter's.</summary>
    public static string Of(PropertyInfo property)
    {
        XElement? member = Find($"P:{property.DeclaringType!.FullName}.{property.Name}");
        if (member?.Element("inheritdoc") is not null) return Of(property.DeclaringType.BaseType!.GetProperty(property.Name)!);
        XElement? said = member?.Element("summary")
            ?? Find("T:" + property.DeclaringType!.FullName)?.Elements("param").FirstOrDefault(parameter => parameter.Attribute("name")!.Value == property.Name);
        return said is not null ? Text(said) : throw new InvalidOperationException($"{property.DeclaringType}.{property.Name} has no doc comment: the contract would lack its description.");
    }

    /// <summary>Of each member of an enumeration, with the word that stands for it.</summary>
    public static string OfWords(Type enumeration) => string.Join(" ", Enum.GetNames(enumeration).Select(name =>
        $"{JsonNamingPolicy.CamelCase.ConvertName(name)}: {Text(Find($"F:{enumeration.FullName}.{name}")!.Element("summary")!)}"));

    private static XElement? Find(string name) => s_members.GetValueOrDefault(name.Replace('+', '.'));

    private static string Text(XElement element) => WhiteSpace().Replace(string.Concat(element.Nodes().Select(node => node switch
    {
        XText text => text.Value,
        XElement { Name.LocalName: "see" } see => Named(see.Attribute("cref")!.Value),
        XElement inner => inner.Attribute("name")?.Value ?? inner.Value,
        _ => "",
    })), " ").Trim();

    /// <summary>What a reference is called in a payload: a constant is its value, a property or a member of an enumeration its word.</summary>
    private static string Named(string cref)
    {
        (string owner, string name) = (cref[2..cref.LastIndexOf('.')], cref[(cref.LastIndexOf('.') + 1)..]);
        if (cref.StartsWith("T:", StringComparison.Ordinal)) return name;
        FieldInfo? constant = typeof(Telemetry.Messages.TelemetryMessage).Assembly.GetType(owner)?.GetField(name);
        return constant is { IsLiteral: true, DeclaringType.IsEnum: false } ? $"\"{constant.GetRawConstantValue()}\"" : JsonNamingPolicy.CamelCase.ConvertName(name);
    }

    [GeneratedRegex(@"\s+")]
    private static partial Regex WhiteSpace();
}
