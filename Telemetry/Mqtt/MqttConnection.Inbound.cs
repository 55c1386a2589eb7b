using System.Buffers;
using System.Threading.Channels;
using MQTTnet;
using MQTTnet.Protocol;

namespace Edge.Telemetry.Mqtt;

/// <summary>What comes in.</summary>
internal sealed partial class MqttConnection
{
    /// <summary>What has come and has no room in the inbox yet. Of QoS 1 it holds what the broker sends without acknowledgement: the receive maximum of MQTT 5, and whatever the broker thinks right in MQTT 3.1.1.</summary>
    private readonly Channel<Arrival> _arrivals = Channel.CreateUnbounded<Arrival>();

    private void Arrived(MqttApplicationMessageReceivedEventArgs received, Inbox inbox)
    {
        Touch();
        inbox.CountReceived();
        received.AutoAcknowledge = false;
        MqttApplicationMessage message = received.ApplicationMessage;
        if (message.QualityOfServiceLevel == MqttQualityOfServiceLevel.AtMostOnce && _arrivals.Reader.Count >= _options.InboundCapacity)
        {
            inbox.CountDropped(); // Nothing holds back who publishes at QoS 0.
            return;
        }

        _arrivals.Writer.TryWrite(new Arrival(new InboundMessage(message.Topic, message.Payload.ToArray(), message.Retain), () => _ = AcknowledgeAsync(received)));
    }

    /// <summary>Until the connection ends; what waits then comes again, since it was not acknowledged.</summary>
    private async Task HandInAsync(Inbox inbox, CancellationToken ended)
    {
        try
        {
            await foreach (Arrival arrival in _arrivals.Reader.ReadAllAsync(ended).ConfigureAwait(false)) await inbox.PutAsync(arrival, ended).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
        }
    }

    private async Task AcknowledgeAsync(MqttApplicationMessageReceivedEventArgs received)
    {
        try
        {
            await received.AcknowledgeAsync(_ended.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // The connection has ended: the message comes again.
        }
    }
}
