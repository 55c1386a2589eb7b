namespace Edge.LayerProbe.Forbidden;

/// <summary>Protocol buffers are at home in Edge.Trainer.</summary>
public static class ProtobufOutsideTrainer
{
    /// <summary>Must not compile.</summary>
    public static System.Type Seen => typeof(Google.Protobuf.IMessage);
}
