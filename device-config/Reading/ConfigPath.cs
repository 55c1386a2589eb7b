namespace Edge.Config;

/// <summary>How a place in a document is written: <c>sensor.uciHar.classOrder[2]</c>.</summary>
internal static class ConfigPath
{
    /// <summary>
    /// The member <paramref name="name"/> of the object at <paramref name="path"/>. A name that no section could have is quoted: <c>window["a.b"]</c>.
    /// </summary>
    public static string Member(string path, string name)
    {
        bool isPlain = name.Length is > 0 and <= 64 && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '$');
        return isPlain ? (path.Length == 0 ? name : $"{path}.{name}") : $"{path}[{JsonPart.Quote(name)}]";
    }

    /// <summary>The element <paramref name="index"/>, 0-based, of the array at <paramref name="path"/>.</summary>
    public static string Item(string path, int index) => $"{path}[{index}]";
}
