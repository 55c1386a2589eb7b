namespace Edge.Storage.Tests.Datasets;

/// <summary>Small files that a test writes, and what the reader makes of them.</summary>
internal sealed class WrittenFiles : IDisposable
{
    private readonly TempFolder folder = new();

    public WrittenFiles(params (string Name, string Text)[] files)
    {
        foreach (var (name, text) in files)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(this[name])!);
            File.WriteAllText(this[name], text);
        }
    }

    public string Folder => folder.Path;

    public string this[string name] => folder[name];

    /// <summary>Reads a file of the folder, or the folder with an empty name.</summary>
    public Dataset Read(string name = "", DatasetReadOptions? options = null) =>
        DatasetReader.Read(name.StartsWith('#') || name.Length == 0 ? folder.Path + name : folder[name], options ?? new DatasetReadOptions(), null, TestContext.Current.CancellationToken);

    /// <summary>Message of the refusal, without the folder's path.</summary>
    public string Refusal(string name = "", DatasetReadOptions? options = null) =>
        Assert.Throws<InvalidDataException>(() => Read(name, options)).Message.Replace(folder.Path + "/", "", StringComparison.Ordinal).Replace(folder.Path, "FOLDER", StringComparison.Ordinal);

    /// <summary>Refusal of one file with this text.</summary>
    public static string RefusalOf(string name, string text, DatasetReadOptions? options = null)
    {
        using var files = new WrittenFiles((name, text));
        return files.Refusal(name, options);
    }

    /// <summary>Reads one file with this text.</summary>
    public static Dataset ReadText(string name, string text, DatasetReadOptions? options = null)
    {
        using var files = new WrittenFiles((name, text));
        return files.Read(name, options);
    }

    public void Dispose() => folder.Dispose();
}
