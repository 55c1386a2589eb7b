using Edge.Telemetry.Mqtt;

namespace Edge.Telemetry.Sparkplug;

/// <summary>Topics of one edge node and its one device (Sparkplug 3.0, chapter 4).</summary>
/// <param name="GroupId">The group.</param>
/// <param name="NodeId">The edge node, unique in its group.</param>
/// <param name="DeviceId">The device behind it.</param>
public sealed record SparkplugTopics(string GroupId, string NodeId, string DeviceId)
{
    /// <summary>Version of topics and payloads; every topic begins with it.</summary>
    public const string Namespace = "spBv1.0";

    /// <summary>What is agreed about each of them, with <c>sparkplug.mode</c> on. README.md shows it; a test compares it with what a node publishes and subscribes to.</summary>
    public static readonly IReadOnlyList<OptInTopicRow> Table =
    [
        new("sparkplugNodeBirth", $"{Namespace}/{{groupId}}/NBIRTH/{{nodeId}}", TopicDirection.FromDevice, 0, false, "at every connection, with sparkplug.primaryHost once that host is online, and when a host asks for a rebirth"),
        new("sparkplugNodeData", $"{Namespace}/{{groupId}}/NDATA/{{nodeId}}", TopicDirection.FromDevice, 0, false, "every sparkplug.publishSeconds, when a metric of the node has changed"),
        new("sparkplugNodeDeath", $"{Namespace}/{{groupId}}/NDEATH/{{nodeId}}", TopicDirection.FromDevice, 1, false, "by the broker as last will of the second connection; by the node at a clean stop and when its primary host goes offline"),
        new("sparkplugDeviceBirth", $"{Namespace}/{{groupId}}/DBIRTH/{{nodeId}}/{{sparkplugDeviceId}}", TopicDirection.FromDevice, 0, false, "after NBIRTH while windows come, and when they come again"),
        new("sparkplugDeviceData", $"{Namespace}/{{groupId}}/DDATA/{{nodeId}}/{{sparkplugDeviceId}}", TopicDirection.FromDevice, 0, false, "every sparkplug.publishSeconds, when a metric of the device has changed"),
        new("sparkplugDeviceDeath", $"{Namespace}/{{groupId}}/DDEATH/{{nodeId}}/{{sparkplugDeviceId}}", TopicDirection.FromDevice, 0, false, "when no window has come for sparkplug.silentSeconds"),
        new("sparkplugNodeCommand", $"{Namespace}/{{groupId}}/NCMD/{{nodeId}}", TopicDirection.ToDevice, 1, false, "when a host asks for a rebirth (Node Control/Rebirth true); nothing else can be commanded"),
        new("sparkplugHostState", $"{Namespace}/STATE/{{primaryHost}}", TopicDirection.ToDevice, 1, true, "when the host that sparkplug.primaryHost names comes or goes; subscribed to only where one is named"),
    ];

    /// <summary>The node is there, with every metric it has.</summary>
    public string NodeBirth => OfNode("NBIRTH");

    /// <summary>The node is gone.</summary>
    public string NodeDeath => OfNode("NDEATH");

    /// <summary>Metrics of the node that changed.</summary>
    public string NodeData => OfNode("NDATA");

    /// <summary>Inbound: commands to the node.</summary>
    public string NodeCommand => OfNode("NCMD");

    /// <summary>The device is there, with every metric it has.</summary>
    public string DeviceBirth => OfDevice("DBIRTH");

    /// <summary>The device is gone.</summary>
    public string DeviceDeath => OfDevice("DDEATH");

    /// <summary>Metrics of the device that changed.</summary>
    public string DeviceData => OfDevice("DDATA");

    /// <summary>Inbound: whether a host application is there.</summary>
    public static string HostState(string hostId) => $"{Namespace}/STATE/{hostId}";

    private string OfNode(string what) => $"{Namespace}/{GroupId}/{what}/{NodeId}";

    private string OfDevice(string what) => $"{OfNode(what)}/{DeviceId}";
}
