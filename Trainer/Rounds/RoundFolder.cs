using System.Text.Json;
using System.Text.Json.Serialization;
using Edge.Storage;

namespace Edge.Trainer.Rounds;

/// <summary>The files of a round and their names. A round reads <c>plan.json</c>, <c>samples.bin</c>, <c>parent.checkpoint</c> and <c>anchors.bin</c> and writes a folder <c>candidate</c>, whole or not at all.</summary>
public sealed class RoundFolder(string path)
{
    /// <summary>Options of every JSON file of a round.</summary>
    public static JsonSerializerOptions Json { get; } = new(JsonSerializerDefaults.Strict)
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        WriteIndented = true,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    /// <summary>The folder.</summary>
    public string Path { get; } = path;

    /// <summary>The order.</summary>
    public string PlanFile => System.IO.Path.Combine(Path, "plan.json");

    /// <summary>The drawn samples (<see cref="RoundSamples"/>).</summary>
    public string SamplesFile => System.IO.Path.Combine(Path, "samples.bin");

    /// <summary>Checkpoint of the parent snapshot.</summary>
    public string ParentCheckpointFile => System.IO.Path.Combine(Path, "parent.checkpoint");

    /// <summary>Samples of the anchor set (<see cref="RoundSamples"/>), which training only looks at; may be missing.</summary>
    public string AnchorsFile => System.IO.Path.Combine(Path, "anchors.bin");

    /// <summary>Where an unfinished round stands; gone when the outcome is there.</summary>
    public string ProgressFile => System.IO.Path.Combine(Path, "progress.checkpoint");

    /// <summary>The outcome; appears by rename when it is complete.</summary>
    public string CandidateDirectory => System.IO.Path.Combine(Path, "candidate");

    /// <summary>Report within the outcome.</summary>
    public string ReportFile => System.IO.Path.Combine(CandidateDirectory, "report.json");

    /// <summary>Exported graph within the outcome.</summary>
    public string ModelFile => System.IO.Path.Combine(CandidateDirectory, SnapshotStore.ModelFileName);

    /// <summary>Checkpoint within the outcome.</summary>
    public string CheckpointFile => System.IO.Path.Combine(CandidateDirectory, SnapshotStore.CheckpointFileName);

    /// <summary>Windows and the trainer's embeddings of them (<see cref="ParityCases"/>), to compare the exported graph with.</summary>
    public string ParityFile => System.IO.Path.Combine(CandidateDirectory, "parity.bin");

    /// <summary>Reads the order.</summary>
    /// <exception cref="InvalidDataException">The file is not a plan; the message names it.</exception>
    public RoundPlan ReadPlan() => Read<RoundPlan>(PlanFile);

    /// <summary>Reads the outcome.</summary>
    /// <exception cref="InvalidDataException">The file is not a report; the message names it.</exception>
    public RoundReport ReadReport() => Read<RoundReport>(ReportFile);

    private static T Read<T>(string file)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(File.ReadAllBytes(file), Json) ?? throw new JsonException("the document is null");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{file} is not a {typeof(T).Name}: {e.Message} Start the round anew; the service writes this file.", e);
        }
    }
}
