using System.CommandLine;
using System.Text.Json;
using Edge.Runtime.Updates.Envelopes;

namespace Edge.Runtime.Commands;

/// <summary><c>edge config keygen NAME</c>: a key to sign configuration with.</summary>
internal static class ConfigKeygenCommand
{
    internal static Command Create()
    {
        var name = new Argument<string>("name") { Description = "Where: NAME.key.pem becomes the private key, readable by you alone, and NAME.pub.pem the public one. Neither may be there." };
        var algorithm = new Option<string>("--algorithm") { Description = "How it signs: ecdsa-p256-sha256, or ed25519.", DefaultValueFactory = _ => SignatureScheme.EcdsaP256 };
        algorithm.AcceptOnlyFromAmong([.. SignatureScheme.All]);
        var command = new Command("keygen", $"Make a key pair. The private half stays with whoever signs; the public one goes into a list of trusted keys ('edge config keyring'). {ConfigCommand.Codes}") { name, algorithm, GlobalOptions.Json };
        ConfigCommand.Act(command, (parsed, _) =>
        {
            string path = parsed.GetValue(name)!;
            using var key = SigningKey.Create(parsed.GetValue(algorithm)!);
            Write(path + ".key.pem", key.ToPem(), UnixFileMode.UserRead | UnixFileMode.UserWrite);
            Write(path + ".pub.pem", key.ToPublicPem(), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
            if (parsed.GetValue(GlobalOptions.Json)) Console.WriteLine(JsonSerializer.Serialize(new { keyId = key.Id, key.Algorithm, privateKey = path + ".key.pem", publicKey = path + ".pub.pem" }, GlobalOptions.OneLine));
            else Console.WriteLine($"key {key.Id} ({key.Algorithm}): {path}.key.pem is secret, {path}.pub.pem is not");
            return Task.FromResult(ExitCode.Done);
        });
        return command;
    }

    private static void Write(string path, string text, UnixFileMode mode)
    {
        if (File.Exists(path)) throw new IOException($"'{path}' is there already, and a key is not replaced. Take another NAME, or move it away.");
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = mode;
        using var file = new StreamWriter(path, System.Text.Encoding.ASCII, options);
        file.Write(text);
    }
}
