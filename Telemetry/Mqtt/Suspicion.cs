namespace Edge.Telemetry.Mqtt;

/// <summary>
/// Looks for a message that ends every connection: too large for a broker that does not say how much it takes, as no broker of MQTT 3.1.1 does, or one that it denies with a DISCONNECT. A broker that hangs, cannot be reached, or
/// ends the connection for a reason of its own, says nothing about a message. Not thread-safe.
/// </summary>
internal sealed class Suspicion
{
    /// <summary>Connections in a row that must end with a message in flight until each is sent alone.</summary>
    public const int RaisedAfter = 3;

    /// <summary>Connections in a row that must end with the same message until it has to wait: the last of them with nothing else in flight.</summary>
    public const int ParkedAfter = 4;

    /// <summary>Connections in a row that must end with the same message until it is given up.</summary>
    public const int GivenUpAfter = 10;

    private object? _suspect;
    private int _count, _endCount;

    /// <summary>Whether messages are to be sent one at a time, so that the culprit is alone.</summary>
    public bool IsRaised => _endCount >= RaisedAfter;

    /// <summary>A connection has ended.</summary>
    /// <param name="oldest">What had been in flight longest; null when the broker did not end the connection, or had acknowledged something of the queue before.</param>
    /// <param name="end">What the end says of it, as <see cref="MqttConnection.EndSays"/>.</param>
    /// <returns>Whether it is certain enough: that it is never to be taken (<see cref="PublishResult.Refused"/>, a message of the queue), or else that it must wait.</returns>
    public bool Confirms(Outgoing? oldest, PublishResult end)
    {
        if (oldest is not { } sent || end == PublishResult.Failed)
        {
            (_suspect, _count, _endCount) = (null, 0, 0);
            return false;
        }

        object suspect = sent.Entry ?? (object)sent.Message.Topic; // Of a topic the latest is sent, whichever that is by now.
        _count = suspect.Equals(_suspect) ? _count + 1 : 1;
        (_suspect, _endCount) = (suspect, _endCount + 1);
        if (_count < (IsGivenUp(sent, end) ? GivenUpAfter : ParkedAfter)) return false;
        (_suspect, _count, _endCount) = (null, 0, 0);
        return true;
    }

    /// <summary>Whether the culprit is given up; else it waits.</summary>
    public static bool IsGivenUp(Outgoing culprit, PublishResult end) => end == PublishResult.Refused && !culprit.IsState;
}
