namespace Edge.Telemetry.Mqtt;

/// <summary>What whoever set a connection up calls its settings, so that a refusal can name the one to change.</summary>
public sealed record LinkSettingNames
{
    /// <summary>Host and port.</summary>
    public string Address { get; init; } = "telemetry.host and telemetry.port";

    /// <summary>User name.</summary>
    public string User { get; init; } = "telemetry.user";

    /// <summary>Password.</summary>
    public string Password { get; init; } = "telemetry.passwordFile";

    /// <summary>The client's certificate.</summary>
    public string Certificate { get; init; } = "telemetry.tls.clientCertificateFile";

    /// <summary>Where the client id comes from; empty: it is drawn, and nobody sets it.</summary>
    public string ClientId { get; init; } = "device.id";

    /// <summary>Version of MQTT; empty: it cannot be chosen.</summary>
    public string Protocol { get; init; } = "telemetry.protocol";
}

/// <summary>The broker answered CONNECT with a no.</summary>
internal sealed class RefusedConnectionException(string message, bool isForRetain) : IOException(message)
{
    /// <summary>Whether a last will that is not retained would do.</summary>
    public bool IsForRetain => isForRetain;
}

/// <summary>What can be done about a broker's no, by its reason (MQTT 5, 3.2.2.2, 3.4.2.1, 3.9.3 and 3.14.2.1; the codes of MQTT 3.1.1 are told under the same names).</summary>
internal static class Refusals
{
    /// <summary>About a refused CONNECT; empty where nothing is known to help.</summary>
    /// <param name="reason">The reason's name.</param>
    /// <param name="options">How it was tried.</param>
    public static string OfConnect(string reason, MqttLinkOptions options)
    {
        var names = options.Names;
        return reason switch
        {
            "BadUserNameOrPassword" or "NotAuthorized" => Credentials(options),
            "BadAuthenticationMethod" => $"The broker wants another way to authenticate than user name and password or a certificate: allow one of these there, and set {names.User} and {names.Password}, or {names.Certificate}.",
            "ClientIdentifierNotValid" => $"Let the broker take client id '{options.ClientId}'{(names.ClientId.Length > 0 ? $", or change {names.ClientId}" : "")}.",
            "Banned" => $"Take client id '{options.ClientId}'{(options.User.Length > 0 ? $" and user '{options.User}'" : "")} off the broker's list of the banned.",
            "UnsupportedProtocolVersion" =>
                names.Protocol.Length > 0 ? $"Set {names.Protocol} to \"{(options.Protocol == MqttProtocol.V5 ? "3.1.1" : "5")}\"." : "Use a broker that speaks MQTT 5, or let this one do so.",
            "UseAnotherServer" or "ServerMoved" => $"Set {names.Address} to the broker that serves this client.",
            "ServerUnavailable" or "ServerBusy" or "QuotaExceeded" or "ConnectionRateExceeded" => "It is tried again; if it stays so, raise the broker's limits of clients and connections.",
            "PacketTooLarge" => "Raise the broker's largest packet: the last will does not fit.",
            "TopicNameInvalid" => $"Let the broker take the last will's topic '{options.LastWill?.Topic}'.",
            "QoSNotSupported" => "Allow QoS 1 on the broker.",
            _ => "",
        };
    }

    /// <summary>About a message or a subscription that is not authorised.</summary>
    /// <param name="reason">The reason's name.</param>
    /// <param name="verb">What the broker must let the client do: <c>read</c> or <c>write</c>.</param>
    /// <param name="topic">Topic, or filter.</param>
    /// <param name="options">How it is connected.</param>
    public static string OfTopic(string reason, string verb, string topic, MqttLinkOptions options) =>
        reason == "NotAuthorized" ? $"Let the broker's access list (ACL) have {Who(options)} {verb} '{topic}'." : "";

    /// <summary>About a connection that the broker ended.</summary>
    /// <param name="reason">The reason's name.</param>
    /// <param name="options">How it was connected.</param>
    public static string OfEnd(string reason, MqttLinkOptions options) => reason switch
    {
        "SessionTakenOver" => $"Another client connects as '{options.ClientId}': each needs an id of its own{(options.Names.ClientId.Length > 0 ? $" ({options.Names.ClientId})" : "")}.",
        "NotAuthorized" => Credentials(options),
        _ => "",
    };

    private static string Credentials(MqttLinkOptions options)
    {
        var names = options.Names;
        string who = options.User.Length > 0
            ? $"Check {names.User} ('{options.User}') and {names.Password} against the broker's users"
            : options.Tls is { CertificateFile.Length: > 0 }
                ? $"No user name was sent ({names.User} is empty): let the broker know clients by their certificate ({names.Certificate} is sent), or set {names.User} and {names.Password}"
                : $"No user name was sent: set {names.User} and {names.Password}, or {names.Certificate} where the broker knows clients by their certificate, or let the broker take clients without either";
        string will = options.LastWill is { } last ? $" and write '{last.Topic}', the last will's topic" : "";
        return $"{who}; and let the broker's access list (ACL) have {Who(options)} connect{will}.";
    }

    private static string Who(MqttLinkOptions options) => options.User.Length > 0 ? $"user '{options.User}'" : $"client '{options.ClientId}'";
}
