using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Edge.Storage;

namespace Edge.Runtime.Commands;

/// <summary><c>edge replay list</c>: the examples, without their samples.</summary>
public static class ReplayListCommand
{
    /// <summary>The verb.</summary>
    public static Command Create()
    {
        var filter = new ReplayFilter();
        var limit = new Option<int>("--limit")
        {
            Description = "Most examples shown, the oldest first; 0: all.",
            DefaultValueFactory = _ => 50,
            CustomParser = result =>
            {
                if (result.Tokens is [var token] && int.TryParse(token.Value, NumberStyles.None, CultureInfo.InvariantCulture, out int count)) return count;
                result.AddError($"--limit {string.Join(' ', result.Tokens.Select(t => t.Value))}: expected a whole number, 0 or more. 0 shows all.");
                return 0;
            },
        };
        var command = new CodedCommand("list", "List examples: id, role, class, start (seconds of stream time), when labelled. With --json one object a line.", ReplayCommand.Codes) { ReplayCommand.Config, ReplayCommand.Copy, limit, GlobalOptions.Json };
        filter.AddTo(command);
        ReplayCommand.Act(command, async (config, data, parsed, _) =>
        {
            using var buffer = ReplayCommand.Open(config, data, ReplayAccess.Look, parsed.GetValue(ReplayCommand.Copy));
            var all = await buffer.ListAsync();
            var examples = filter.Of(all, parsed, buffer.Names);
            int most = parsed.GetValue(limit);
            foreach (var example in most == 0 ? examples : examples.Take(most)) Show(example, parsed.GetValue(GlobalOptions.Json));
            if (examples.Count == 0) Console.Error.WriteLine($"{filter.WhyNone(all, parsed, buffer.Names)}.");
            if (most > 0 && examples.Count > most) Console.Error.WriteLine($"{examples.Count - most} more are not shown; --limit 0 shows all.");
            return ExitCode.Done;
        });
        return command;
    }

    private static void Show(Example example, bool json)
    {
        string role = RoleOf(example);
        if (json) Console.WriteLine(JsonSerializer.Serialize(new { example.Id, Role = role, example.Class, example.StartSeconds, example.LabelledAt, example.WindowId }, GlobalOptions.OneLine));
        else Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{example.Id,8} {role,-6} {example.StartSeconds,12:0.000} {example.LabelledAt:u} {example.Class}"));
    }

    private static string RoleOf(Example example) => JsonNamingPolicy.CamelCase.ConvertName(example.Role.ToString());
}
