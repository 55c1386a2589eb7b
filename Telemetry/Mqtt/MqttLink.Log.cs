using Microsoft.Extensions.Logging;

namespace Edge.Telemetry.Mqtt;

/// <summary>What the link logs: event ids 4001 to 4010, 4015 and 4016.</summary>
public sealed partial class MqttLink
{
    [LoggerMessage(4001, LogLevel.Information, "Connected to broker {host}:{port}, window {windowMessages}, refused subscriptions {refusedSubscriptionCount}")]
    private partial void LogConnected(string host, int port, int windowMessages, int refusedSubscriptionCount);

    [LoggerMessage(4002, LogLevel.Warning, "Cannot connect to broker {host}:{port}: {reason}")]
    private partial void LogConnectFailed(string host, int port, string reason);

    [LoggerMessage(4003, LogLevel.Warning, "Lost broker {host}:{port}: {reason}")]
    private partial void LogLost(string host, int port, string reason);

    [LoggerMessage(4004, LogLevel.Warning, "Message to {topic} given up: {reason}")]
    private partial void LogRefused(string topic, string reason);

    [LoggerMessage(4010, LogLevel.Warning, "Messages to {topic} are refused for now and tried again, the first in {pauseSeconds} s: {reason}")]
    private partial void LogParked(string topic, double pauseSeconds, string reason);

    [LoggerMessage(4015, LogLevel.Warning, "Subscriptions are refused for now and tried again: {refusals}")]
    private partial void LogNotSubscribed(string refusals);

    [LoggerMessage(4016, LogLevel.Information, "All subscriptions are granted")]
    private partial void LogSubscribed();

    [LoggerMessage(4006, LogLevel.Information, "Messages from an earlier run that wait for the broker: {queuedCount}")]
    private partial void LogFound(int queuedCount);

    [LoggerMessage(4007, LogLevel.Warning, "Outbox: {damage}")]
    private partial void LogOutboxDamaged(string damage);

    [LoggerMessage(4008, LogLevel.Warning, "Outbox: the disk refuses, messages wait in memory only: {problem}")]
    private partial void LogOutboxRefused(string problem);

    [LoggerMessage(4009, LogLevel.Information, "Outbox: the disk takes writes again, {recordCount} messages on it")]
    private partial void LogOutboxWell(int recordCount);

    [LoggerMessage(4005, LogLevel.Information, "Leaving broker {host}:{port}, events not delivered {queuedCount}")]
    private partial void LogStopped(string host, int port, int queuedCount);
}
