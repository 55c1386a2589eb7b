using System.Security.Cryptography;
using System.Text.Json;
using Edge.Storage;
using Edge.Trainer.Bench;

namespace Edge.Runtime.Bench;

/// <summary>
/// A folder of results: <c>plan.json</c>, <c>cells/NAME.json</c> for every cell that ended, and the report. Cells outlive the plan: another plan in the same folder takes those that it shares. Every file appears whole or not at all.
/// </summary>
public sealed class BenchFolder(string path)
{
    /// <summary>The folder.</summary>
    public string Path { get; } = path;

    /// <summary>A file of the report.</summary>
    public string this[string name] => System.IO.Path.Combine(Path, name);

    /// <summary>Makes the folder and takes it for this process; two never measure into one.</summary>
    /// <exception cref="IOException">Another process measures there, or the folder cannot be written.</exception>
    public IDisposable Take()
    {
        Directory.CreateDirectory(this["cells"]);
        FileStream holder;
        try
        {
            holder = new FileStream(this["lock"], FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e) when (e is not (DirectoryNotFoundException or PathTooLongException))
        {
            throw new IOException($"another 'edge bench' works in '{Path}' ({e.Message}). Wait for it, or give another folder with --out.", e);
        }

        foreach (string left in Directory.GetFiles(this["cells"], "*.running.*")) File.Delete(left); // Of workers that were killed.
        return holder;
    }

    /// <summary>Writes the plan.</summary>
    public void Write(BenchPlan plan) => DurableFile.Replace(this["plan.json"], JsonSerializer.SerializeToUtf8Bytes(plan, CellRecord.Json));

    /// <summary>The plan.</summary>
    /// <exception cref="InvalidDataException">There is none that can be read; the message says what to do.</exception>
    public BenchPlan ReadPlan()
    {
        try
        {
            return JsonSerializer.Deserialize<BenchPlan>(File.ReadAllBytes(this["plan.json"]), CellRecord.Json) ?? throw new JsonException("it holds null");
        }
        catch (Exception e) when (e is IOException or JsonException or UnauthorizedAccessException)
        {
            throw new InvalidDataException($"'{this["plan.json"]}' does not say what was measured there: {e.Message} Give a folder that 'edge bench --out' has written.", e);
        }
    }

    /// <summary>What is known of a cell; null: it was not run, or by a program whose figures may differ, or its file cannot be read.</summary>
    public CellRecord? Read(CellSpec spec)
    {
        try
        {
            string file = CellFile(spec);
            if (!File.Exists(file)) return null;
            var record = JsonSerializer.Deserialize<CellRecord>(File.ReadAllBytes(file), CellRecord.Json);
            if (record is null || record.BenchVersion != BenchVersion.Current || record.Spec != spec) return null;
            return record.Result is null ? record.Failure is null ? null : record : CellVerdict.Problem(spec, record.Result) is null ? record : null;
        }
        catch (JsonException)
        {
            return null; // Torn by a foreign hand, or of another version: it is measured again.
        }
    }

    /// <summary>Writes a cell's record over an earlier one.</summary>
    public void Write(CellRecord record) => DurableFile.Replace(CellFile(record.Spec), JsonSerializer.SerializeToUtf8Bytes(record, CellRecord.Json));

    /// <summary>Forgets a cell.</summary>
    public void Forget(CellSpec spec) => File.Delete(CellFile(spec));

    /// <summary>A place for a file that a cell's worker uses while it runs.</summary>
    public string WorkFile(CellSpec spec, string what) => this[System.IO.Path.Combine("cells", $"{CellName(spec)}.running.{what}.json")];

    /// <summary>A name that tells which cell it is, with eight digits of a hash over everything that its figures depend on.</summary>
    public static string CellName(CellSpec spec)
    {
        string hash = Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(spec, CellRecord.Json)))[..8];
        return $"{BenchPlan.Plain(spec.Data.Split('/')[^1])}.{BenchNames.Of(spec.Protocol)}.{BenchPlan.Plain(spec.Method)}.seed{spec.Seed}.{hash}";
    }

    private string CellFile(CellSpec spec) => this[System.IO.Path.Combine("cells", CellName(spec) + ".json")];
}
