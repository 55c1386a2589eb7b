namespace Edge.LayerProbe.Forbidden;

/// <summary>MQTTnet is at home in Edge.Telemetry.</summary>
public static class MqttOutsideTelemetry
{
    /// <summary>Must not compile.</summary>
    public static System.Type Seen => typeof(MQTTnet.IMqttClient);
}
