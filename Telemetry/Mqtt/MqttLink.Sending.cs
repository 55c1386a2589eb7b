namespace Edge.Telemetry.Mqtt;

/// <summary>What is handed over to the link.</summary>
public sealed partial class MqttLink
{
    /// <summary>Hands over a message, whether there is a broker or not. Returns at once; with an outbox and a message that is never dropped, when it is on disk or the broker has it, which takes milliseconds, and at most
    /// <see cref="MqttLinkOptions.SafeTimeout"/>; at once, too, while the disk refuses.</summary>
    public void Send(OutboundMessage message)
    {
        Task safe = SendAsync(message);
        if (!safe.IsCompleted) safe.Wait(_options.SafeTimeout);
    }

    /// <summary>Hands over a message; it has its place in the order when this returns.</summary>
    /// <returns>Completes, and never fails, when the message is as safe as it will be; see <see cref="Send"/>.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The name has more than 64 characters, or the topic more than 16,384.</exception>
    public Task SendAsync(OutboundMessage message) => _outgoing.Add(Checked(message));

    /// <summary>Hands over a message, and says what became of this very one: another of its topic, or an earlier one that is sent again after a reconnect, does not count.</summary>
    /// <param name="message">One that waits in the queue: no <see cref="Delivery.LatestState"/> and no <see cref="Delivery.Gauge"/>, which give way to later ones.</param>
    /// <returns>Never fails. Null when the broker has acknowledged it; else why it never will. Waits as long as there is no broker.</returns>
    /// <exception cref="ArgumentException">It does not wait in the queue, or its name or topic is too long (see <see cref="SendAsync"/>).</exception>
    public Task<string?> DeliverAsync(OutboundMessage message)
    {
        if (!Checked(message).IsQueued) throw new ArgumentException($"{message.Delivery} gives way to a later one, and nobody learns what became of this one", nameof(message));
        TaskCompletionSource<string?> receipt = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _outgoing.Add(message, receipt);
        return receipt.Task;
    }

    /// <summary>Whether the broker has acknowledged this state, which is still the latest of its topic.</summary>
    public bool HasDelivered(OutboundMessage state) => _outgoing.IsDelivered(state);

    private static OutboundMessage Checked(OutboundMessage message)
    {
        ArgumentNullException.ThrowIfNull(message);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(message.Name.Length, 64, nameof(message)); // What a stored message has room for.
        ArgumentOutOfRangeException.ThrowIfGreaterThan(message.Topic.Length, 16_384, nameof(message));
        return message;
    }
}
