namespace Edge.Telemetry.Mqtt;

/// <summary>
/// Looks for a message that ends every connection: too large for a broker that does not say how much it takes, as no broker of MQTT 3.1.1 does. A broker that hangs, or cannot be reached, says nothing about a message. Not
/// thread-safe.
/// </summary>
internal sealed class Suspicion
{
    /// <summary>Connections in a row that must end with the same message until it alone is sent.</summary>
    public const int RaisedAfter = 3;

    /// <summary>Connections in a row that must end with the same message until it is given up.</summary>
    public const int GivenUpAfter = 10;

    private WaitingMessage? _suspect;
    private int _count;

    /// <summary>Whether messages are to be sent one at a time, so that the culprit is alone.</summary>
    public bool IsRaised => _count >= RaisedAfter;

    /// <summary>A connection has ended.</summary>
    /// <param name="oldest">The message of the queue that had been in flight longest; null when the broker did not end the connection, or had acknowledged something of the queue before.</param>
    /// <returns>The culprit, when that is certain enough.</returns>
    public WaitingMessage? Confirms(WaitingMessage? oldest)
    {
        _count = oldest is null ? 0 : oldest == _suspect ? _count + 1 : 1;
        _suspect = oldest;
        if (_count < GivenUpAfter) return null;
        (_suspect, _count) = (null, 0);
        return oldest;
    }
}
