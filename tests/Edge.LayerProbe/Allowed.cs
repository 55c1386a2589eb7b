namespace Edge.LayerProbe;

/// <summary>What a project above may see: Edge's own types, of every project.</summary>
public static class Allowed
{
    /// <summary>One type of each.</summary>
    public static System.Type[] Seen => [typeof(Edge.Storage.ReplayBuffer), typeof(Edge.Telemetry.Mqtt.MqttLink), typeof(Edge.Trainer.Rounds.RoundRunner), typeof(Edge.Runtime.Inference.Classifier)];
}
