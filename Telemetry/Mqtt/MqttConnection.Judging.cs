using MQTTnet;

namespace Edge.Telemetry.Mqtt;

/// <summary>What the broker's answers mean.</summary>
internal sealed partial class MqttConnection
{
    private PublishOutcome Judge(MqttClientPublishResult result, string topic) => result.ReasonCode switch
    {
        MqttClientPublishReasonCode.Success or MqttClientPublishReasonCode.NoMatchingSubscribers => new PublishOutcome(PublishResult.Acknowledged, ""),
        MqttClientPublishReasonCode.PayloadFormatInvalid => No(PublishResult.Refused, "the broker refuses it", result, topic),
        MqttClientPublishReasonCode.NotAuthorized or MqttClientPublishReasonCode.TopicNameInvalid => No(PublishResult.Denied, "the broker refuses it", result, topic),
        _ => No(PublishResult.Postponed, "the broker cannot take it now", result, topic), // A quota, or an error of the broker's: of this message, and not of the connection.
    };

    private static PublishResult Judge(MqttClientDisconnectReason reason) => reason switch
    {
        MqttClientDisconnectReason.NormalDisconnection or MqttClientDisconnectReason.UnspecifiedError => PublishResult.Refused, // No reason: the only no of MQTT 3.1.1.
        MqttClientDisconnectReason.PacketTooLarge or MqttClientDisconnectReason.MalformedPacket or MqttClientDisconnectReason.ProtocolError or MqttClientDisconnectReason.PayloadFormatInvalid => PublishResult.Refused,
        MqttClientDisconnectReason.NotAuthorized or MqttClientDisconnectReason.TopicNameInvalid or MqttClientDisconnectReason.RetainNotSupported or MqttClientDisconnectReason.QosNotSupported => PublishResult.Denied,
        MqttClientDisconnectReason.ImplementationSpecificError => PublishResult.Postponed,
        _ => PublishResult.Failed, // Of the broker, or of the session: busy, shutting down, a quota, taken over.
    };

    private PublishOutcome No(PublishResult kind, string no, MqttClientPublishResult result, string topic) =>
        new(kind, Said($"{no}: {result.ReasonCode}", result.ReasonString, Refusals.OfTopic(result.ReasonCode.ToString(), "write", topic, _options)));

    /// <summary>The broker's no, its own words, and what can be done.</summary>
    private static string Said(string no, string? words, string remedy) => (string.IsNullOrEmpty(words) ? no : $"{no} {words}") + (remedy.Length > 0 ? $". {remedy}" : "");
}
