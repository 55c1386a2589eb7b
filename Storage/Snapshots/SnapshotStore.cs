namespace Edge.Storage;

/// <summary>placeholder replaced in the next commit</summary>
public sealed class SnapshotStore
{
    /// <summary>The exported graph within a snapshot's folder.</summary>
    public const string ModelFileName = "model.onnx";

    /// <summary>The trainer's checkpoint within a snapshot's folder.</summary>
    public const string CheckpointFileName = "model.checkpoint";
}
