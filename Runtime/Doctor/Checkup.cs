using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization;
using Edge.Config;
using Edge.Runtime.Inference;
using Edge.Runtime.Snapshots;
using Edge.Runtime.Stages;
using Edge.Storage;
using Microsoft.ML.OnnxRuntime;

namespace Edge.Runtime.Doctor;

/// <summary>Looks at everything the service relies on. Never throws: what cannot be looked at is a finding.</summary>
public static class Checkup
{
    private const long LowDiskBytes = 512L << 20;

    /// <summary>Options of the JSON output.</summary>
    public static JsonSerializerOptions Json { get; } = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase, Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) } };

    /// <summary>All findings.</summary>
    public static async Task<IReadOnlyList<Finding>> RunAsync(DeviceConfig config, CancellationToken cancel)
    {
        var findings = new List<Finding> { LibTorch(config), Cuda(config) };
        findings.AddRange(Providers(config));
        findings.AddRange([Inference(config), I2cBuses(), await BrokerAsync(config.Telemetry, cancel), Disk(config), Clock()]);
        if (config.Sensor.Kind == "uciHar") findings.Add(Archive(config));
        return findings;
    }

    private static Finding LibTorch(DeviceConfig config)
    {
        string path = Path.Combine(AppContext.BaseDirectory, "libLibTorchSharp.so");
        if (!File.Exists(path))
        {
            return new Finding(
                "libtorch (training)", config.Training.Enabled ? FindingState.Missing : FindingState.Absent, $"there is no {path}",
                "Training natives come with the linux-x64 build. On another platform build LibTorchSharp and libtorch for it and put both beside the program; until then set training.enabled to false and bring a snapshot trained elsewhere.");
        }

        try
        {
            // Loaded here on purpose: the service itself never does, its training child does.
            NativeLibrary.Free(NativeLibrary.Load(path));
            return new Finding("libtorch (training)", FindingState.Ok, $"loads from {AppContext.BaseDirectory}");
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
        {
            return new Finding(
                "libtorch (training)", config.Training.Enabled ? FindingState.Missing : FindingState.Absent, e.Message.ReplaceLineEndings(" "),
                "If it names GLIBCXX_3.4.32: the file was copied past the build; build or publish again. If it names libgomp or libtorch_cpu: all .so files of the build belong beside the program.");
        }
    }

    private static Finding Cuda(DeviceConfig config)
    {
        bool wanted = config.Inference.Providers.Any(provider => provider != "cpu");
        string[] names = ["libcuda.so.1", "/usr/lib/aarch64-linux-gnu/tegra/libcuda.so.1"];
        foreach (string name in names)
        {
            if (!NativeLibrary.TryLoad(name, out nint handle)) continue;
            NativeLibrary.Free(handle);
            return new Finding("CUDA driver", FindingState.Ok, $"{name} loads");
        }

        return new Finding("CUDA driver", FindingState.Absent, "libcuda.so.1 does not load", wanted ? "Inference falls back to the CPU. For a GPU install the NVIDIA driver (on a Jetson it comes with JetPack)." : "");
    }

    private static IEnumerable<Finding> Providers(DeviceConfig config)
    {
        string[] available;
        string? why = null;
        try
        {
            available = OrtEnv.Instance().GetAvailableProviders();
        }
        catch (Exception e) when (e is TypeInitializationException or DllNotFoundException or OnnxRuntimeException or EntryPointNotFoundException)
        {
            available = [];
            why = (e.InnerException ?? e).Message.ReplaceLineEndings(" ");
        }

        if (why is not null)
        {
            yield return new Finding("ONNX Runtime", FindingState.Missing, $"does not load: {why}", "Its native library (libonnxruntime.so) belongs beside the program; build again, or take the vendor's build on a Jetson.");
            yield break;
        }

        foreach (string provider in config.Inference.Providers)
        {
            string native = provider switch { "tensorrt" => "TensorrtExecutionProvider", "cuda" => "CUDAExecutionProvider", _ => "CPUExecutionProvider" };
            yield return available.Contains(native)
                ? Loaded(provider)
                : new Finding($"provider {provider}", provider == "cpu" ? FindingState.Missing : FindingState.Absent, "not in this build of ONNX Runtime", "Build with -p:EdgeAccelerator=cuda for TensorRT and CUDA; the next provider in inference.providers is used meanwhile.");
        }
    }

    /// <summary>In the build is not yet on the machine: a provider's own libraries (cuDNN, TensorRT) are looked for when it is asked for.</summary>
    private static Finding Loaded(string provider)
    {
        try
        {
            ProviderOptions.For(provider, 1).Dispose();
            return new Finding($"provider {provider}", FindingState.Ok, "in this build of ONNX Runtime");
        }
        catch (Exception e) when (e is OnnxRuntimeException or EntryPointNotFoundException or DllNotFoundException)
        {
            return new Finding($"provider {provider}", provider == ProviderChain.Cpu ? FindingState.Missing : FindingState.Absent, $"does not load: {ProviderChain.ReasonOf(e)}", "Install the libraries that it names, in the versions that this ONNX Runtime was built with; the next provider in inference.providers is used meanwhile.");
        }
    }

    /// <summary>What the device's snapshot would run on, asked of a session; nothing is kept.</summary>
    private static Finding Inference(DeviceConfig config)
    {
        const string Name = "inference";
        if (new SnapshotShelf(DataDirectory.At(config.Device.DataDirectory)).Current is not { Manifest: { } manifest } current)
            return new Finding(Name, FindingState.Absent, $"there is no snapshot in {Path.GetFullPath(config.Device.DataDirectory)} yet", "'edge run' makes the first.");
        try
        {
            using var classifier = Classifier.Open(current.ModelFile, manifest with { Classes = config.Labels.Classes }, config.Inference);
            return new Finding(Name, FindingState.Ok, string.Join("; ", classifier.ProvidersRefused.Select(refused => refused.ToString()).Prepend($"{current.Id} runs on {classifier.Provider}")));
        }
        catch (Exception e) when (e is InvalidDataException or TypeInitializationException or DllNotFoundException)
        {
            return new Finding(Name, FindingState.Missing, e.Message.ReplaceLineEndings(" "), "'edge snapshot list' says which snapshots are good, 'edge snapshot rollback' goes back to one.");
        }
    }

    private static Finding I2cBuses()
    {
        string[] buses = Directory.Exists("/dev") ? Directory.GetFiles("/dev", "i2c-*") : [];
        return buses.Length > 0
            ? new Finding("I2C buses", FindingState.Ok, string.Join(", ", buses.Order(StringComparer.Ordinal)))
            : new Finding("I2C buses", FindingState.Absent, "no /dev/i2c-*", "Needed only for a sensor on I2C: load the i2c-dev module and enable the bus in the device tree (on a Jetson: jetson-io).");
    }

    private static async Task<Finding> BrokerAsync(TelemetrySection telemetry, CancellationToken cancel)
    {
        if (telemetry.Broker == "none") return new Finding("MQTT broker", FindingState.Absent, "telemetry.broker is none");
        if (telemetry.Broker == "embedded")
        {
            bool taken = telemetry.Port != 0 && IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpListeners().Any(end => end.Port == telemetry.Port && (IPAddress.IsLoopback(end.Address) || end.Address.Equals(IPAddress.Any) || end.Address.Equals(IPAddress.IPv6Any)));
            return taken
                ? new Finding("MQTT broker", FindingState.Missing, $"port {telemetry.Port} is taken, the embedded broker cannot listen there", "Stop what listens there, set telemetry.port to another (0: any free one), or use it: telemetry.broker external.")
                : new Finding("MQTT broker", FindingState.Ok, $"embedded, port {telemetry.Port} is free");
        }

        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            limit.CancelAfter(TimeSpan.FromSeconds(3));
            using var client = new TcpClient();
            await client.ConnectAsync(telemetry.Host, telemetry.Port, limit.Token);
            return new Finding("MQTT broker", FindingState.Ok, $"{telemetry.Host}:{telemetry.Port} takes connections");
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            return new Finding("MQTT broker", FindingState.Missing, $"{telemetry.Host}:{telemetry.Port} does not answer: {e.Message}", "Start the broker, or correct telemetry.host and telemetry.port. The service runs without it and keeps trying.");
        }
    }

    private static Finding Disk(DeviceConfig config)
    {
        string path = Path.GetFullPath(config.Device.DataDirectory), there = path;
        while (!Directory.Exists(there)) there = Path.GetDirectoryName(there)!;
        long free = new DriveInfo(there).AvailableFreeSpace;
        string detail = $"{free / (1 << 20)} MiB free for {path}";
        return free >= LowDiskBytes ? new Finding("disk", FindingState.Ok, detail) : new Finding("disk", FindingState.Missing, detail, $"Free some: snapshots, rounds and the buffer want {LowDiskBytes >> 20} MiB. Or set device.dataDirectory to another disk.");
    }

    private static Finding Clock()
    {
        var now = TimeProvider.System.GetUtcNow();
        if (now.Year < 2025) return new Finding("clock", FindingState.Missing, $"it says {now:u}", "Set it, or start NTP (systemd-timesyncd, chrony): time stamps of telemetry and labels would be wrong.");
        bool synchronised = File.Exists("/run/systemd/timesync/synchronized");
        return new Finding("clock", FindingState.Ok, $"{now:u}{(synchronised ? ", synchronised" : ", whether it is synchronised is not known")}");
    }

    private static Finding Archive(DeviceConfig config)
    {
        try
        {
            return new Finding("UCI HAR archive", FindingState.Ok, Path.GetFullPath(UciHarArchive.Locate(config.Sensor.UciHar.Path)));
        }
        catch (FileNotFoundException e)
        {
            return new Finding("UCI HAR archive", FindingState.Missing, e.Message, "See above.");
        }
    }
}
