using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using static Edge.Benchmarks.ReplayLoad;

namespace Edge.Benchmarks;

/// <summary><c>export-once</c>: a process that exports first thing, as a training child does; and the rows about it.</summary>
internal static class Exporting
{
    private const int ProcessCount = 5;

    /// <summary>The verb that <see cref="Rows"/> starts.</summary>
    public static Command Create()
    {
        var features = new Argument<int>("frozen-features");
        var command = new Command("export-once", "Export a network twice in a fresh process and print the milliseconds of both; 'inference' starts this.") { features };
        command.SetAction(parsed =>
        {
            using var net = InferenceSubject.Backbone();
            using var input = TorchSharp.torch.zeros(1, InferenceSubject.Window.ChannelCount, InferenceSubject.Window.Length);
            net.forward(input).Dispose(); // As training has done: libtorch is warm, the exporter is not.
            double first = Milliseconds(() => InferenceSubject.Export(net, parsed.GetValue(features)));
            double second = Milliseconds(() => InferenceSubject.Export(net, parsed.GetValue(features)));
            Console.WriteLine(Text($"{first} {second}"));
        });
        return command;
    }

    public static IEnumerable<ReplayRow> Rows(string backboneModel, string defaultModel)
    {
        using var net = InferenceSubject.Backbone();
        foreach (var (name, features, model) in new[] { ("backbone alone", 0, backboneModel), ("default", InferenceSubject.FrozenFeatures, defaultModel) })
        {
            var once = Enumerable.Range(0, ProcessCount).Select(_ => Fresh(features)).ToList();
            double warm = Median(Enumerable.Range(0, 20).Select(_ => Milliseconds(() => InferenceSubject.Export(net, features))).ToList());
            yield return new(Text($"{name}: the first export in a process, ms; a round rehearses it before it trains"), Text($"{Median(once.Select(o => o.First)):0.0}"), "", "", "");
            yield return new(Text($"{name}: the export of a candidate, the second in its process, ms"), Text($"{Median(once.Select(o => o.Second)):0.0}"), "", "", "<= 30");
            yield return new(Text($"{name}: export, ms, warm"), Text($"{warm:0.0}"), "", "", "");
            double open = Median(Enumerable.Range(0, 20).Select(_ => Milliseconds(() => InferenceSubject.Open(model, InferenceSubject.ReadOut(features)).Dispose())).ToList());
            yield return new(Text($"{name}: the file opened and run once, ms"), Text($"{open:0.0}"), "", "", "<= 30");
        }
    }

    private static (double First, double Second) Fresh(int features)
    {
        using var child = Process.Start(new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "Edge.Benchmarks"), ["export-once", $"{features}"]) { RedirectStandardOutput = true })!;
        string[] words = child.StandardOutput.ReadToEnd().Split(' ');
        child.WaitForExit();
        return (double.Parse(words[0], CultureInfo.InvariantCulture), double.Parse(words[1], CultureInfo.InvariantCulture));
    }
}
