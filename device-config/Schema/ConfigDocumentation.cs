using System.Reflection;
using System.Text.RegularExpressions;
using System.Xml;
using System.Xml.Linq;

namespace Edge.Config;

/// <summary>The doc comments of the section records, from the documentation file that the compiler writes beside the assembly.</summary>
internal sealed partial class ConfigDocumentation
{
    private readonly Dictionary<string, string> _texts;

    private ConfigDocumentation(XDocument document) =>
        _texts = document.Descendants("member").Where(m => m.Attribute("name") is not null).ToDictionary(m => m.Attribute("name")!.Value, TextOf);

    /// <summary>Reads the file.</summary>
    /// <exception cref="InvalidOperationException">There is none beside the assembly, or it cannot be read.</exception>
    public static ConfigDocumentation Load()
    {
        string path = Path.Combine(AppContext.BaseDirectory, typeof(DeviceConfig).Assembly.GetName().Name + ".xml");
        try
        {
            return new ConfigDocumentation(XDocument.Load(path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or XmlException)
        {
            throw new InvalidOperationException($"The schema's descriptions come from {path}, which cannot be read ({e.Message})."
                + " Build with GenerateDocumentationFile, or use ConfigSchema.Text.", e);
        }
    }

    /// <summary>Summary and value of a key's property, on one line.</summary>
    public string Of(PropertyInfo property) => Find($"P:{property.DeclaringType!.FullName}.{property.Name}");

    /// <summary>Summary of a section, on one line.</summary>
    public string Of(Type section) => Find("T:" + section.FullName);

    private string Find(string member) =>
        _texts.GetValueOrDefault(member) ?? throw new InvalidOperationException($"{member[2..]} has no doc comment: the schema would lack its description.");

    private static string TextOf(XElement member)
    {
        string text = string.Concat(member.Elements("summary").Concat(member.Elements("value")).Select(e => e.Value + " "));
        return WhiteSpace().Replace(text, " ").Trim();
    }

    [GeneratedRegex(@"\s+")]
    private static partial Regex WhiteSpace();
}
