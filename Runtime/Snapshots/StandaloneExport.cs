using System.Globalization;
using System.Text.Json;
using Edge.Config;
using Edge.Runtime.Inference;
using Edge.Trainer.Onnx;

namespace Edge.Runtime.Snapshots;

/// <summary>A snapshot's graph with a read-out baked in as defaults of its inputs: who feeds nothing but windows gets what the device would answer.</summary>
public static class StandaloneExport
{
    /// <summary>The file.</summary>
    /// <param name="file">The snapshot's graph.</param>
    /// <param name="snapshotId">Its id, for the metadata.</param>
    /// <param name="classes">Classes in the order of the read-out's rows.</param>
    /// <param name="readOut">The read-out.</param>
    /// <param name="settings">Temperature, and the distance from which a window is unknown.</param>
    /// <param name="novelty">From which value of the graph's output <c>novelty</c> a window is unknown at a stated rate; null: the anchors are too few to say.</param>
    public static byte[] Bake(ReadOnlySpan<byte> file, string snapshotId, IReadOnlyList<string> classes, ReadOutWeights readOut, InferenceSection settings, NoveltyCalibration? novelty = null)
    {
        var inputs = OnnxContents.Read(file).Initializers;
        long rows = classes.Count, length = readOut.Prototypes.Values.Length / rows, frozen = readOut.OnFrozen.Length / rows;
        var all = new Dictionary<string, OnnxDefault>
        {
            ["prototypes"] = new(readOut.Prototypes.Values, [rows, length]),
            ["class_bias"] = new(readOut.Prototypes.ClassBias, [rows]),
            ["temperature"] = new([(float)settings.Temperature], [1]),
            ["readout_share"] = new([readOut.Share], [1]),
            ["readout_embedding"] = new(readOut.OnEmbedding, [rows, length]),
            ["readout_bias"] = new(readOut.Bias, [rows]),
            ["readout_rare"] = new(readOut.Rare, [rows]),
            ["readout_frozen"] = new(readOut.OnFrozen, [rows, frozen]),
            ["nearness_frozen"] = new(readOut.Nearness, [rows, frozen]),
            ["nearness_bias"] = new(readOut.NearnessBias, [rows]),
        };
        var metadata = new Dictionary<string, string>
        {
            ["classes"] = JsonSerializer.Serialize(classes),
            ["snapshot"] = snapshotId,
            ["readOut"] = readOut.Name,
            ["unknownBelowSimilarity"] = settings.UnknownBelowSimilarity.ToString("R", CultureInfo.InvariantCulture),
        };
        if (novelty is not null)
        {
            metadata["noveltyThreshold"] = novelty.Threshold.ToString("R", CultureInfo.InvariantCulture);
            metadata["noveltyFalseAlarmPercent"] = novelty.FalseAlarmPercent.ToString("0.00", CultureInfo.InvariantCulture);
        }

        return OnnxDefaults.Replace(file, all.Where(pair => inputs.ContainsKey(pair.Key)).ToDictionary(), metadata);
    }
}
