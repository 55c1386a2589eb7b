using System.CommandLine;
using System.Globalization;
using Edge.Config;
using Edge.Runtime.Inference;
using Edge.Runtime.Measuring;
using Edge.Runtime.Snapshots;
using Edge.Runtime.Stages;
using Edge.Storage;

namespace Edge.Runtime.Commands;

/// <summary><c>edge infer</c>: how fast and how right a model is on recorded windows.</summary>
public static class InferCommand
{
    private const int LargestBatch = 4096;
    private static readonly Option<string?> s_model = new("--model") { Description = "An .onnx file of this program; it answers with the read-out that stands in it ('edge snapshot export --with-readout')." };
    private static readonly Option<string?> s_snapshot = new("--snapshot") { Description = $"A snapshot of the device instead: {SnapshotCommand.Naming}. It answers with the device's present read-out: the service must not run, or add --copy." };
    private static readonly Option<string> s_data = new("--data") { Description = $"Recorded windows: a path of a file, folder or zip, or one of {string.Join(", ", DatasetReader.ShortNames)}.", Required = true };
    private static readonly Option<string?> s_split = new("--split") { Description = "Which windows: train or test. [default: test where there is one]" };
    private static readonly Option<string> s_batch = new("--batch") { Description = $"Windows of one call, 1 to {LargestBatch}; several separated by commas are measured in turn.", DefaultValueFactory = _ => "1,4,16" };
    private static readonly Option<int?> s_threads = new("--threads") { Description = "Threads of one call, 1 to 64. [default: inference.threadCount]" };
    private static readonly Option<string?> s_provider = new("--provider") { Description = "Execution provider: cpu, cuda, tensorrt. [default: the first of inference.providers that takes the graph]" };
    private static readonly Option<string?> s_precision = new("--precision") { Description = "Derive the graph in these numbers first: int8 (calibrated on the training split), float16; float32: as it is. [default: a file as it is, a snapshot as the service runs it]" };
    private static readonly Option<int> s_warmup = new("--warmup") { Description = "Calls before the clock runs, 0 or more.", DefaultValueFactory = _ => 20 };
    private static readonly Option<int> s_passes = new("--passes") { Description = "Times that the windows go through for each batch size, 1 or more.", DefaultValueFactory = _ => 1 };

    /// <summary>The verb.</summary>
    public static Command Create()
    {
        s_split.AcceptOnlyFromAmong("train", "test");
        s_precision.AcceptOnlyFromAmong("float32", "float16", "int8");
        s_provider.AcceptOnlyFromAmong("cpu", "cuda", "tensorrt");
        foreach (var (option, least, most) in new[] { ((Option)s_threads, 1, 64), (s_warmup, 0, int.MaxValue), (s_passes, 1, int.MaxValue) })
        {
            option.Validators.Add(result =>
            {
                if (result.Tokens is [var token] && int.TryParse(token.Value, NumberStyles.Integer, CultureInfo.InvariantCulture, out int count) && (count < least || count > most)) result.AddError($"{option.Name} {count}: expected {least}{(most == int.MaxValue ? " or more" : $" to {most}")}.");
            });
        }

        s_batch.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && BatchesOf(token.Value) is null) result.AddError($"--batch '{token.Value}': expected numbers of 1 to {LargestBatch}, separated by commas, for example 1,8,32.");
        });
        var command = new CodedCommand("infer", "Measure a model on recorded windows: windows per second and latency of a call in milliseconds (mean, p50, p90, p99, max, histogram) for each batch size, and accuracy in percent per class with all confusions where the data's classes are the model's.", SnapshotCommand.Codes)
        {
            s_model, s_snapshot, s_data, s_split, s_batch, s_threads, s_provider, s_precision, s_warmup, s_passes, ReplayCommand.Copy, DeviceCommand.Config, GlobalOptions.Json,
        };
        command.Validators.Add(result =>
        {
            if (result.GetResult(s_model) is null == result.GetResult(s_snapshot) is null) result.AddError("give either --model FILE or --snapshot ID.");
        });
        DeviceCommand.Act("", command, async (config, data, parsed, cancel) =>
        {
            var asked = config with
            {
                Inference = config.Inference with { ThreadCount = parsed.GetValue(s_threads) ?? config.Inference.ThreadCount, Providers = parsed.GetValue(s_provider) is { } provider ? [provider] : config.Inference.Providers },
            };
            using var named = parsed.GetValue(s_model) is { } file ? MeasuredModel.Of(file) : await OfSnapshotAsync(parsed.GetValue(s_snapshot)!, asked, data, parsed.GetValue(ReplayCommand.Copy));
            var (windows, train, name) = Windows(parsed.GetValue(s_data)!, parsed.GetValue(s_split), named.Manifest, cancel);
            using var subject = named.In(parsed.GetValue(s_precision) ?? named.Precision, train, asked.Inference);
            var report = Measure(subject, windows, name, asked, parsed, cancel);
            Console.Write(parsed.GetValue(GlobalOptions.Json) ? report.ToJson() + "\n" : report.ToText());
            return ExitCode.Done;
        });
        return command;
    }

    private static InferenceReport Measure(MeasuredModel subject, LabelledWindows windows, string data, DeviceConfig config, ParseResult parsed, CancellationToken cancel)
    {
        var settings = subject.Settings(config.Inference);
        var confusion = Confusion.For(windows, subject.Manifest.Classes, ClassNames.Of(config.Labels.Renamed));
        var results = new List<LatencyResult>();
        string runsOn = "", unknown = "";
        IReadOnlyList<ProviderRefusal> refused = [];
        foreach (int batch in BatchesOf(parsed.GetValue(s_batch)!)!)
        {
            using var classifier = Classifier.Open(subject.File, subject.Manifest, settings, batch);
            var readOut = subject.ReadOutIn(classifier);
            classifier.Use(readOut);
            bool isFirst = results.Count == 0;
            unknown = InferenceReport.RuleOf(readOut.Calibration, settings.UnknownBelowSimilarity);
            (runsOn, refused) = (classifier.Provider, classifier.ProvidersRefused);
            results.Add(LatencyMeasurement.Run(classifier, windows, parsed.GetValue(s_warmup), parsed.GetValue(s_passes), Judge, ReplayCommand.Progress($"windows at batch {batch}"), TimeProvider.System, cancel));

            void Judge(int index, int row)
            {
                if (isFirst) confusion.Add(windows.Classes[index], UnknownRule.Answer(classifier, row, classifier.ScoreOf(row), settings, out _));
            }
        }

        foreach (var why in refused) Console.Error.WriteLine(why);
        if (confusion.Count == 0) Console.Error.WriteLine($"accuracy is left out: the data's classes ({string.Join(", ", windows.ClassNames)}) are none of the model's ({string.Join(", ", subject.Manifest.Classes)}).");
        else if (confusion.NotJudgedCount > 0) Console.Error.WriteLine($"{confusion.NotJudgedCount} windows are not judged: the model does not have their classes ({string.Join(", ", confusion.Strange)}).");
        return new InferenceReport(subject.Name, data, windows.Count, windows.Window, runsOn, subject.Precision, settings.ThreadCount, subject.ReadOut?.Name ?? "the file's own", unknown, results, confusion);
    }

    private static async Task<MeasuredModel> OfSnapshotAsync(string name, DeviceConfig config, DataDirectory data, bool copy)
    {
        var (snapshot, manifest) = new SnapshotShelf(data).Good(name);
        using var buffer = ReplayCommand.Open(config, data, ReplayAccess.Look, copy);
        return await MeasuredModel.OfAsync(snapshot, manifest, config, data, buffer);
    }

    private static (LabelledWindows Windows, LabelledWindows Train, string Name) Windows(string spec, string? split, SnapshotManifest model, CancellationToken cancel)
    {
        if (!Console.IsErrorRedirected) Console.Error.WriteLine($"reading {spec}");
        var set = DatasetReader.Read(spec, new DatasetReadOptions { AllowsOneClass = true }, LoadLine.ForAPerson(), cancel);
        foreach (string note in set.Notes) Console.Error.WriteLine(note);
        if (split == "test" && set.Test is null) throw new InvalidDataException($"'{spec}' has no test split. Leave --split out for all its windows.");
        var windows = split == "train" || set.Test is null ? set.Train : set.Test;
        var (takes, has) = (model.Window, windows.Window);
        if (takes.ChannelCount != has.ChannelCount || takes.Length != has.Length)
            throw new InvalidDataException($"the model takes windows [{takes.ChannelCount}, {takes.Length}] (channels, samples), '{spec}' has [{has.ChannelCount}, {has.Length}]. Name data of the model's sensor, cut as it was trained on.");
        if (takes.SampleRateHz != has.SampleRateHz) Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"the model was made for {takes.SampleRateHz:0.###} Hz, the data says {has.SampleRateHz:0.###} Hz."));
        return (windows, set.Train, $"{set.Name}{(set.Test is null ? "" : ReferenceEquals(windows, set.Test) ? ", test split" : ", training split")}");
    }

    private static int[]? BatchesOf(string text)
    {
        string[] words = text.Split(',', StringSplitOptions.TrimEntries);
        int[] sizes = [.. words.Select(word => int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out int size) && size <= LargestBatch ? size : 0)];
        return sizes.Contains(0) ? null : [.. sizes.Distinct()];
    }
}
