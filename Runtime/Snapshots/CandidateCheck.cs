using System.Globalization;
using Edge.Config;
using Edge.Runtime.Inference;
using Edge.Runtime.Learning;
using Edge.Storage;
using Edge.Trainer.Rounds;

namespace Edge.Runtime.Snapshots;

/// <summary>What was found of a candidate.</summary>
/// <param name="Manifest">Its description, without id; null where the graph does not say what it takes.</param>
/// <param name="ParityError">Largest relative difference between graph and checkpoint; null where it could not be measured.</param>
/// <param name="Reasons">Everything that speaks against it; empty: it may run.</param>
public sealed record CandidateVerdict(SnapshotManifest? Manifest, double? ParityError, IReadOnlyList<string> Reasons);

/// <summary>Hash, contract and parity of files that come from a person: what the gate asks of a round's candidate, less the exam on the anchors. Loads libtorch; not for the service's process.</summary>
public static class CandidateCheck
{
    /// <summary>Looks at everything, and gives all reasons.</summary>
    /// <param name="files">The candidate.</param>
    /// <param name="sha256">What the graph's hash must begin with, hex; null: anything.</param>
    /// <param name="current">The device's running snapshot; null before the first.</param>
    /// <param name="config">The device's configuration.</param>
    /// <param name="now">When it is accepted.</param>
    public static CandidateVerdict Judge(CandidateFiles files, string? sha256, SnapshotManifest? current, DeviceConfig config, DateTimeOffset now)
    {
        var reasons = new List<string>();
        CheckHashes(files, sha256, reasons);
        var manifest = Contract(files.Model, config, current, now, reasons);
        double? error = manifest is null ? null : Parity(files, manifest, config, reasons);
        return new CandidateVerdict(manifest, error, reasons);
    }

    private static void CheckHashes(CandidateFiles files, string? sha256, List<string> reasons)
    {
        if (sha256 is not null && SnapshotFolder.HashOf(files.Model) is var found && !found.StartsWith(sha256, StringComparison.OrdinalIgnoreCase))
            reasons.Add($"hash: '{files.Model}' has SHA-256 {found}; --sha256 says {sha256}. Copy it again.");
        if (files.Folder is { } folder && File.Exists(Path.Combine(folder, SnapshotFolder.ManifestFileName)) && SnapshotFolder.Check(folder, null, out string flaw) is null)
            reasons.Add($"hash: '{folder}': {flaw}. Copy the folder again.");
    }

    /// <summary>Whether a graph takes this device's windows and gives what the service reads; may be asked in the service's process.</summary>
    /// <param name="modelFile">The graph.</param>
    /// <param name="config">The device's configuration.</param>
    /// <param name="current">The device's running snapshot; null before the first.</param>
    /// <param name="now">When it is accepted.</param>
    /// <param name="reasons">Takes what speaks against it.</param>
    /// <returns>Its description, without id; null where it cannot be opened.</returns>
    public static SnapshotManifest? Contract(string modelFile, DeviceConfig config, SnapshotManifest? current, DateTimeOffset now, ICollection<string> reasons)
    {
        ModelDescription model;
        try
        {
            model = ModelDescription.Read(modelFile);
        }
        catch (InvalidDataException e)
        {
            reasons.Add($"contract: {e.Message}");
            return null;
        }

        if (model.Window is not { } window || model.EmbeddingLength == 0)
        {
            reasons.Add($"contract: '{modelFile}' does not say what windows it takes (metadata windowChannels, windowLength, sampleRateHz) and how long its embedding is. Export it with this program.");
            return null;
        }

        var wanted = current?.Window is { } runs && runs.Length == config.Window.Length && runs.SampleRateHz == config.Sensor.SampleRateHz ? runs : window with { Length = config.Window.Length, SampleRateHz = config.Sensor.SampleRateHz };
        if (window != wanted) reasons.Add($"contract: it takes windows {window}; this device cuts {wanted} (window.length, sensor.sampleRateHz, the channels of sensor.kind), and the next start would run another snapshot in its place. Set them to what it takes, or bring one that was trained on such windows.");
        var manifest = new SnapshotManifest
        {
            Id = "candidate",
            ParentId = model.Metadata.GetValueOrDefault("parent") is { Length: > 0 } parent ? parent : null,
            CreatedAt = now,
            Classes = config.Labels.Classes,
            Window = window,
            EmbeddingLength = model.EmbeddingLength,
            Round = int.TryParse(model.Metadata.GetValueOrDefault("round"), NumberStyles.None, CultureInfo.InvariantCulture, out int round) ? round : 0,
        };
        try
        {
            using var classifier = Classifier.Open(modelFile, manifest, config.Inference);
            return manifest;
        }
        catch (InvalidDataException e)
        {
            reasons.Add($"contract: {e.Message}");
            return null;
        }
    }

    private static double? Parity(CandidateFiles files, SnapshotManifest manifest, DeviceConfig config, List<string> reasons)
    {
        double? worst = null;
        using var classifier = Classifier.Open(files.Model, manifest, config.Inference with { Providers = [ProviderChain.Cpu] }); // What was exported is asked, not how a GPU rounds.
        if (files.Folder is { } folder && Path.Combine(folder, "parity.bin") is var stored && File.Exists(stored)) Compare("parity.bin", () => ParityCases.FromBytes(File.ReadAllBytes(stored)));
        Compare("its checkpoint", () => CheckpointParity.Of(files.Checkpoint, manifest.Window, seed: 1));
        return worst;

        void Compare(string with, Func<ParityCases> cases)
        {
            try
            {
                double error = RoundParity.ErrorOf(cases(), classifier);
                worst = Math.Max(worst ?? 0, error);
                if (!(error <= config.Promotion.MaxParityError))
                    reasons.Add($"parity: the graph differs from {with} by {error:0.0e+0} relative; promotion.maxParityError is {config.Promotion.MaxParityError:0.0e+0}. They are not of the same weights; export the graph again.");
            }
            catch (InvalidDataException e)
            {
                reasons.Add($"parity: {e.Message}");
            }
            catch (Exception e) when (e is TypeInitializationException or DllNotFoundException or NotSupportedException)
            {
                reasons.Add($"parity: libtorch does not load, so the checkpoint cannot be compared with the graph: {(e.InnerException ?? e).Message.ReplaceLineEndings(" ")} 'edge doctor' says what is missing.");
            }
        }
    }
}
