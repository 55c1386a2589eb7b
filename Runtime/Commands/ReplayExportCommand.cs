using System.CommandLine;
using System.Text.Json;
using Edge.Config;
using Edge.Storage;

namespace Edge.Runtime.Commands;

/// <summary><c>edge replay export FILE</c>: examples as a .npz.</summary>
public static class ReplayExportCommand
{
    /// <summary>The verb.</summary>
    public static Command Create()
    {
        var filter = new ReplayFilter();
        var file = new Argument<string>("file") { Description = "The .npz to write; an older one is replaced." };
        var command = new CodedCommand("export", "Write examples as a .npz that numpy.load and 'edge replay import' read: X [N, channels, length], y, classes, id, window_id, role (1 replay, 2 anchor, 3 fresh), start_seconds, labelled_at_ms.", ReplayCommand.Codes)
        {
            file, ReplayCommand.Config, ReplayCommand.Copy, GlobalOptions.Json,
        };
        filter.AddTo(command);
        ReplayCommand.Act(command, async (config, data, parsed, cancel) =>
        {
            using var buffer = ReplayCommand.Open(config, data, ReplayAccess.Look, parsed.GetValue(ReplayCommand.Copy));
            string path = parsed.GetValue(file)!;
            if (WhyNotAt(path) is { } why) return ReplayCommand.Failed(command, why);
            var all = await buffer.ListAsync();
            var examples = filter.Of(all, parsed, buffer.Names);
            if (examples.Count == 0) return ReplayCommand.Failed(command, $"{filter.WhyNone(all, parsed, buffer.Names)}; nothing was written.");
            var lengths = await LengthsAsync(buffer, examples);
            int valueCount = lengths.Values.GroupBy(length => length).MaxBy(group => group.Count())!.Key;
            var written = examples.Where(e => lengths.GetValueOrDefault(e.Id) == valueCount).ToList();
            await ReplayArchive.WriteAsync(path, buffer, written, ShapeOf(config, valueCount), ReplayCommand.Progress("examples"), cancel);
            int left = examples.Count - written.Count;
            if (left > 0) Console.Error.WriteLine($"{left} examples of other windows than {valueCount} values were left out: an array has one shape.");
            if (parsed.GetValue(GlobalOptions.Json)) Console.WriteLine(JsonSerializer.Serialize(new { file = path, exampleCount = written.Count, leftOutCount = left, bytes = new FileInfo(path).Length }, GlobalOptions.OneLine));
            else Console.WriteLine($"{written.Count} examples written to {path}, {new FileInfo(path).Length} bytes");
            return ExitCode.Done;
        });
        return command;
    }

    private static string? WhyNotAt(string path)
    {
        if (path.Length == 0 || Directory.Exists(path)) return $"'{path}' is not the name of a file to write. Name one, such as memory.npz.";
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        return Directory.Exists(folder) ? null : $"the folder '{folder}' is not there. Make it first.";
    }

    private static async Task<Dictionary<ulong, int>> LengthsAsync(ReplayBuffer buffer, IReadOnlyList<Example> examples)
    {
        var lengths = new Dictionary<ulong, int>();
        foreach (var ids in examples.Select(e => e.Id).Chunk(256))
        {
            foreach (var example in await buffer.ReadAsync(ids)) lengths[example.Id] = example.Samples.Length;
        }

        return lengths;
    }

    /// <summary>Channels are told by the configured length; where it does not divide the values, they are features.</summary>
    private static WindowShape ShapeOf(DeviceConfig config, int valueCount)
    {
        int length = valueCount % config.Window.Length == 0 ? config.Window.Length : 1;
        return new WindowShape(valueCount / length, length, config.Sensor.SampleRateHz);
    }
}
