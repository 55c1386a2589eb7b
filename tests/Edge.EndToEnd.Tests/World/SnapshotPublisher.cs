using System.Diagnostics;

namespace Edge.EndToEnd.Tests.World;

/// <summary><c>edge snapshot publish</c> in the folder of a device, and the keys for it.</summary>
internal static class SnapshotPublisher
{
    /// <summary>Makes a key in a folder, and a list of trusted keys in which it may offer snapshots.</summary>
    public static async Task KeysAsync(string folder)
    {
        await DoneAsync(folder, "config", "keygen", "offers");
        await DoneAsync(folder, "config", "keygen", "root");
        await DoneAsync(folder, "config", "keygen", "stranger");
        await DoneAsync(folder, "config", "keyring", "--key", "offers.pub.pem=snapshots", "--key", "root.pub.pem=config+keys", "--version", "1", "--out", "keys.json");
    }

    /// <summary>Offers a snapshot until it is killed, or a device has answered.</summary>
    public static RunningDevice Publish(DeviceFolder from, int port, string snapshot, string key, string to = "device:d2", params string[] more) =>
        RunningDevice.Start(from.Path, ["snapshot", "publish", snapshot, "--config", "config.json", "--broker", $"127.0.0.1:{port}", "--to", to, "--key", key, "--until", "1", "--for", "900", "--json", .. more]);

    /// <summary>Waits until the broker keeps an offer for a device.</summary>
    public static async Task IsOfferedAsync(int port, string device)
    {
        using var listener = Process.Start(new ProcessStartInfo(Mosquitto.PathOf("mosquitto_sub"), ["-h", "127.0.0.1", "-p", $"{port}", "-V", "5", "-C", "1", "-t", $"edge/{device}/snapshot/offer"]) { RedirectStandardOutput = true })!;
        try
        {
            Assert.NotEmpty(await listener.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken));
        }
        finally
        {
            listener.Kill();
        }
    }

    private static async Task DoneAsync(string folder, params string[] arguments)
    {
        await using var run = RunningDevice.Start(folder, arguments);
        Assert.True(await run.EndAsync() == 0, run.Said);
    }
}
