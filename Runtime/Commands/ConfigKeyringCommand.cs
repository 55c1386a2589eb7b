using System.CommandLine;
using Edge.Runtime.Updates.Trust;

namespace Edge.Runtime.Commands;

/// <summary><c>edge config keyring</c>: a list of trusted keys.</summary>
internal static class ConfigKeyringCommand
{
    internal static Command Create()
    {
        var keys = new Option<string[]>("--key") { Description = "FILE.pub.pem=ROLES, once for each key; ROLES are config (may sign configuration), keys (may sign the next list), snapshots (may offer snapshots), or several, such as config+snapshots.", Required = true };
        var version = new Option<long>("--version") { Description = "Version of the list, from 1; a device takes one of a higher version than its own.", Required = true };
        var output = new Option<string>("--out") { Description = "Where it goes.", Required = true };
        var command = new CodedCommand("keyring", "Write a list of trusted keys. A new device gets it as a file (updates.keysFile). To add or retire a key later, write the whole list as it is to be, with a higher version, sign it ('edge config sign LIST --keys') and push it ('edge config push --keys').", ConfigCommand.Codes()) { keys, version, output };
        ConfigCommand.Act(command, async (parsed, cancel) =>
        {
            var ring = KeyRing.Read(new KeyRing(parsed.GetValue(version), [.. parsed.GetValue(keys)!.Select(Parse)]).Write());
            await File.WriteAllBytesAsync(parsed.GetValue(output)!, ring.Write(), cancel);
            foreach (var key in ring.Keys) Console.WriteLine($"{key.Id}  {string.Join("+", key.Roles),-11}  {key.Algorithm}  {key.Name}");
            return ExitCode.Done;
        });
        return command;
    }

    private static TrustedKey Parse(string text)
    {
        int equals = text.LastIndexOf('=');
        if (equals <= 0) throw new FormatException($"--key {text}: expected FILE.pub.pem=ROLES, such as operator.pub.pem=config");
        string path = text[..equals];
        string name = Path.GetFileName(path);
        return TrustedKey.FromPem(name.EndsWith(".pub.pem", StringComparison.Ordinal) ? name[..^".pub.pem".Length] : name, File.ReadAllText(path), text[(equals + 1)..].Split('+'));
    }
}
