namespace Edge.Telemetry.Mqtt;

/// <summary>What becomes of a message once the broker has answered, or ended the connection.</summary>
public sealed partial class MqttLink
{
    /// <summary>Nothing more comes: what was acknowledged behind the one that was not is done with all the same.</summary>
    /// <returns>What was sent first of those that were not; null: all were.</returns>
    private Outgoing? SettleAnswered(IEnumerable<(Outgoing Sent, Task<PublishOutcome> Outcome, long SentAt)> inFlight)
    {
        Outgoing? oldest = null;
        foreach (var (sent, outcome, _) in inFlight)
        {
            if (outcome is { IsCompletedSuccessfully: true, Result.Result: PublishResult.Acknowledged }) Settle(sent, outcome.Result);
            else oldest ??= sent;
        }

        return oldest;
    }

    private void Settle(Outgoing sent, PublishOutcome outcome)
    {
        _hasSettled |= !sent.IsState;
        switch (outcome.Result)
        {
            case PublishResult.Acknowledged:
                Interlocked.Increment(ref _published);
                _outgoing.Remove(sent);
                break;
            case PublishResult.Denied or PublishResult.Postponed when _outgoing.TryPark(sent, outcome.Result == PublishResult.Denied, out TimeSpan? pause):
                lock (_gate) _lastError = $"{sent.Message.Topic}: {outcome.Reason}";
                if (pause is { } first) LogParked(sent.Message.Topic, first.TotalSeconds, outcome.Reason);
                break;
            default:
                CountRefused(sent.Message, outcome.Reason);
                _outgoing.Remove(sent, outcome.Reason);
                break;
        }
    }

    /// <summary>What ends every connection goes out of the way: for good, or until its topic is tried again.</summary>
    private void TakeAway(Outgoing culprit, PublishResult end, string reason)
    {
        bool isGivenUp = Suspicion.IsGivenUp(culprit, end);
        string refusal = $"{(isGivenUp ? Suspicion.GivenUpAfter : Suspicion.ParkedAfter)} connections in a row ended when it was sent: {reason}";
        if (!isGivenUp && _outgoing.TryPark(culprit, end == PublishResult.Denied, out TimeSpan? pause, endsConnections: true))
        {
            if (pause is { } first) LogParked(culprit.Message.Topic, first.TotalSeconds, refusal);
            return;
        }

        CountRefused(culprit.Message, refusal);
        _outgoing.Remove(culprit, refusal);
    }

    private void CountRefused(OutboundMessage message, string reason)
    {
        lock (_gate)
        {
            _refusedByName[message.Name] = _refusedByName.GetValueOrDefault(message.Name) + 1;
            _lastError = $"{message.Topic}: {reason}";
        }

        LogRefused(message.Topic, reason);
    }
}
