namespace Edge.Telemetry.Mqtt;

/// <summary>What the broker does not let the device hear, and how it is asked again.</summary>
public sealed partial class MqttLink
{
    /// <summary>Asks again for what was refused, after the pauses of what is parked: a broker that could not ask its list of users for a while refuses subscriptions and keeps the connection.</summary>
    /// <returns>The reason to drop the connection.</returns>
    private async Task<string> SubscribeAgainAsync(MqttConnection connection, CancellationToken cancellationToken)
    {
        for (int refusals = 1; connection.RefusedSubscriptions.Count > 0; refusals++)
        {
            await Task.Delay(ParkedMessages.PauseAfter(refusals), _time, cancellationToken).ConfigureAwait(false);
            if (await connection.SubscribeAgainAsync(_options.PublishTimeout).ConfigureAwait(false) is { } failed) return failed;
            NoteSubscriptions(connection.RefusedSubscriptions);
        }

        await Task.Delay(Timeout.InfiniteTimeSpan, _time, cancellationToken).ConfigureAwait(false);
        return "";
    }

    private void NoteSubscriptions(IReadOnlyList<RefusedSubscription> refused)
    {
        string all = string.Join("; ", refused.Select(one => $"{one.Topic}: {one.Reason}"));
        lock (_gate)
        {
            if (refused.SequenceEqual(_refusedSubscriptions)) return;
            _refusedSubscriptions = refused;
            if (refused.Count > 0) _lastError = "not subscribed: " + all;
        }

        if (refused.Count > 0) LogNotSubscribed(all);
        else LogSubscribed();
    }
}
