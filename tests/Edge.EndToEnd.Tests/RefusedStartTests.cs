using System.Net;
using System.Net.Sockets;
using Edge.EndToEnd.Tests.World;

namespace Edge.EndToEnd.Tests;

/// <summary>Starts that must not succeed say why, each with its exit code.</summary>
public sealed class RefusedStartTests
{
    [Fact]
    public async Task A_second_service_on_the_same_data_directory_ends_with_70_and_the_first_goes_on()
    {
        await using var device = DeviceFolder.Create();
        var first = device.Run();
        await Eventually.Holds(() => first.Logged(1001) is not null, "the first runs", () => first.Said);
        var second = device.Run();
        Assert.Equal(70, await second.EndAsync());
        Assert.Contains(second.Talk, line => line.Contains("is held by another edge service", StringComparison.Ordinal) && line.Contains("device.dataDirectory", StringComparison.Ordinal));
        Assert.True(first.IsAlive);
    }

    [Fact]
    public async Task A_taken_port_for_the_embedded_broker_ends_with_70_and_names_the_port()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        int port = ((IPEndPoint)taken.LocalEndpoint).Port;
        await using var device = DeviceFolder.Create().With("telemetry.broker", "embedded").With("telemetry.port", port);
        var run = device.Run();
        Assert.Equal(70, await run.EndAsync());
        Assert.Contains(run.Talk, line => line.Contains($"{port}", StringComparison.Ordinal) && line.Contains("port", StringComparison.OrdinalIgnoreCase));
        Assert.DoesNotContain(run.Talk, line => line.StartsWith("   at ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_config_file_with_mistakes_ends_with_78_and_names_each()
    {
        await using var device = DeviceFolder.Create().With("drift.threshold", -1).With("telemetry.sumarySeconds", 9).With("window.length", "long");
        var run = device.Run();
        Assert.Equal(78, await run.EndAsync());
        Assert.All(["drift.threshold", "telemetry.sumarySeconds", "window.length"], path => Assert.Contains(run.Talk, line => line.Contains(path, StringComparison.Ordinal)));
        Assert.False(Directory.Exists(device.Data));
    }

    [Fact]
    public async Task A_config_file_that_is_not_there_ends_with_78()
    {
        await using var device = DeviceFolder.Create();
        var run = RunningDevice.Start(device.Path, "run", "--headless", "--for", "20", "--config", "nowhere.json");
        await using (run)
        {
            Assert.Equal(78, await run.EndAsync());
            Assert.Contains(run.Talk, line => line.Contains("nowhere.json", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task An_unknown_option_ends_with_64()
    {
        await using var device = DeviceFolder.Create();
        var run = device.Run("--sped", "3");
        Assert.Equal(64, await run.EndAsync());
        Assert.Contains(run.Talk, line => line.Contains("--sped", StringComparison.Ordinal));
    }
}
