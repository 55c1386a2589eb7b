using System.CommandLine;
using System.Text;
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
        var command = new CodedCommand("keygen", "Make a key pair. The private half stays with whoever signs; the public one goes into a list of trusted keys ('edge config keyring').", ConfigCommand.Codes()) { name, algorithm, GlobalOptions.Json };
        ConfigCommand.Act(command, (parsed, _) =>
        {
            string path = parsed.GetValue(name)!, secret = path + ".key.pem", open = path + ".pub.pem";
            foreach (string there in (string[])[secret, open])
            {
                if (Path.Exists(there)) throw Taken(there);
            }

            using var key = SigningKey.Create(parsed.GetValue(algorithm)!);
            Write(secret, key.ToPem(), UnixFileMode.UserRead | UnixFileMode.UserWrite);
            try
            {
                Write(open, key.ToPublicPem(), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
            }
            catch
            {
                File.Delete(secret); // Half a pair would be in the way of the next try.
                throw;
            }

            if (parsed.GetValue(GlobalOptions.Json)) Console.WriteLine(JsonSerializer.Serialize(new { keyId = key.Id, key.Algorithm, privateKey = secret, publicKey = open }, GlobalOptions.OneLine));
            else Console.WriteLine($"key {key.Id} ({key.Algorithm}): {secret} is secret, {open} is not");
            return Task.FromResult(ExitCode.Done);
        });
        return command;
    }

    /// <summary>Writes a new file, or nothing: what another put there meanwhile stays, and what a full disk cut off goes.</summary>
    private static void Write(string path, string text, UnixFileMode mode)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = mode;
        FileStream file;
        try
        {
            file = new FileStream(path, options);
        }
        catch (IOException) when (Path.Exists(path))
        {
            throw Taken(path);
        }

        try
        {
            using (file) file.Write(Encoding.ASCII.GetBytes(text));
        }
        catch
        {
            File.Delete(path);
            throw;
        }
    }

    private static IOException Taken(string path) => new($"'{path}' is there already, and a key is not replaced. Take another NAME, or move it away.");
}
