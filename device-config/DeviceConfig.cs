namespace Edge.Config;

/// <summary>Everything an operator may say to a device: one section per concern, every field with a default, so that <c>{}</c> is a valid document.</summary>
public sealed record DeviceConfig
{
    /// <summary>Who this device is and where it keeps what survives a reboot.</summary>
    public DeviceSection Device { get; init; } = new();

    /// <summary>Where samples come from.</summary>
    public SensorSection Sensor { get; init; } = new();

    /// <summary>How samples become windows.</summary>
    public WindowSection Window { get; init; } = new();

    /// <summary>What can be told apart, and how labels reach the device.</summary>
    public LabelsSection Labels { get; init; } = new();

    /// <summary>What the device remembers of the past.</summary>
    public ReplaySection Replay { get; init; } = new();

    /// <summary>When and how the backbone is fine-tuned.</summary>
    public TrainingSection Training { get; init; } = new();

    /// <summary>When a candidate snapshot replaces the running one.</summary>
    public PromotionSection Promotion { get; init; } = new();

    /// <summary>When the input counts as drifted.</summary>
    public DriftSection Drift { get; init; } = new();

    /// <summary>How windows are classified.</summary>
    public InferenceSection Inference { get; init; } = new();

    /// <summary>How classes are read out of what the snapshot computes.</summary>
    public ReadOutSection ReadOut { get; init; } = new();

    /// <summary>How the fleet hears of this device.</summary>
    public TelemetrySection Telemetry { get; init; } = new();

    /// <summary>Which configuration is accepted over the air.</summary>
    public UpdatesSection Updates { get; init; } = new();

    /// <summary>How the meter leaves the process.</summary>
    public MetricsSection Metrics { get; init; } = new();

    /// <summary>The device as a Sparkplug edge node.</summary>
    public SparkplugSection Sparkplug { get; init; } = new();

    /// <summary>How Home Assistant finds the device.</summary>
    public HomeAssistantSection HomeAssistant { get; init; } = new();
}
