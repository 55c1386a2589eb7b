using System.Text.Json.Nodes;
using Edge.EndToEnd.Tests.World;

namespace Edge.EndToEnd.Tests;

/// <summary>An operator with the verbs alone: keys, a signed change, a rotation, and what the fleet says of it.</summary>
public sealed class OperatorTests
{
    [Theory]
    [InlineData("ecdsa-p256-sha256")]
    [InlineData("ed25519")]
    public async Task An_operator_signs_pushes_and_sees_it_applied_and_a_retired_key_is_worth_nothing(string algorithm)
    {
        await using var broker = await Mosquitto.StartAsync();
        await using var fleet = await Fleet.ListenAsync(broker.Port);
        await using var device = await DeviceFolder.Create(broker.Port).With("training.enabled", false).With("updates.keysFile", "keys.json").With("updates.trialSeconds", 0).WithFirstSnapshotAsync();
        foreach (string name in (string[])["operator", "next", "root"]) await EdgeAsync(device, "config", "keygen", name, "--algorithm", algorithm);
        await EdgeAsync(device, "config", "keyring", "--version", "1", "--key", "operator.pub.pem=config", "--key", "root.pub.pem=keys", "--out", "keys.json");
        device.Run();
        await fleet.HearsAsync("status", s => (string?)s["configTrust"] == "signed", "it trusts what is signed");

        await File.WriteAllTextAsync(Path.Combine(device.Path, "change.json"), """{ "drift": { "threshold": 7 } }""", TestContext.Current.CancellationToken);
        await EdgeAsync(device, "config", "sign", "change.json", "--key", "operator.key.pem", "--version", "1", "--device", DeviceFolder.DeviceId, "--out", "one.json");
        Assert.Contains("live", await EdgeAsync(device, "config", "verify", "one.json", "--keys", "keys.json", "--base", "config.json"));
        string[] steps = (await EdgeAsync(device, "config", "push", "one.json", "--device", DeviceFolder.DeviceId, "--broker", $"127.0.0.1:{broker.Port}", "--watch", "--timeout", "280")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("applied", steps[^1]);
        var status = JsonNode.Parse(await EdgeAsync(device, "config", "status", "--broker", $"127.0.0.1:{broker.Port}", "--json"))!;
        Assert.Equal((1L, "signed", DeviceFolder.DeviceId), ((long)status["active"]!["version"]!, (string?)status["trust"], (string?)status["deviceId"]));

        Assert.Matches("last version 1 applied at [^,]*, no window lost, trusts signed by keys version 1", await EdgeAsync(device, "config", "status", "--broker", $"127.0.0.1:{broker.Port}"));

        await EdgeAsync(device, "config", "keyring", "--version", "2", "--key", "next.pub.pem=config", "--key", "root.pub.pem=keys", "--out", "keys2.json");
        await EdgeAsync(device, "config", "sign", "keys2.json", "--keys", "--key", "root.key.pem", "--out", "keys2.signed.json");
        await EdgeAsync(device, "config", "push", "keys2.signed.json", "--keys", "--device", DeviceFolder.DeviceId, "--broker", $"127.0.0.1:{broker.Port}");
        await fleet.HearsAsync("config/reported", r => (long?)r["keysVersion"] == 2, "the new list is taken");
        await EdgeAsync(device, "config", "sign", "change.json", "--key", "operator.key.pem", "--version", "2", "--out", "two.json");
        Assert.Contains("not trusted", await EdgeAsync(device, 1, "config", "push", "two.json", "--device", DeviceFolder.DeviceId, "--broker", $"127.0.0.1:{broker.Port}", "--watch", "--timeout", "280"));
    }

    private static Task<string> EdgeAsync(DeviceFolder device, params string[] arguments) => EdgeAsync(device, 0, arguments);

    private static async Task<string> EdgeAsync(DeviceFolder device, int code, params string[] arguments)
    {
        await using var run = RunningDevice.Start(device.Path, arguments);
        Assert.True(await run.EndAsync() == code, $"{string.Join(' ', arguments)}\n{run.Said}");
        return string.Join('\n', run.Output);
    }
}
