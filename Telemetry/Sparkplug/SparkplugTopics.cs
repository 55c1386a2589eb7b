namespace Edge.Telemetry.Sparkplug;

/// <summary>Topics of one edge node and its one device (Sparkplug 3.0, chapter 4).</summary>
/// <param name="GroupId">The group.</param>
/// <param name="NodeId">The edge node, unique in its group.</param>
/// <param name="DeviceId">The device behind it.</param>
public sealed record SparkplugTopics(string GroupId, string NodeId, string DeviceId)
{
    /// <summary>Version of topics and payloads; every topic begins with it.</summary>
    public const string Namespace = "spBv1.0";

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
