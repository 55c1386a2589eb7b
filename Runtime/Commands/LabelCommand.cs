using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Edge.Runtime.Fleet;
using Edge.Telemetry.Mqtt;

namespace Edge.Runtime.Commands;

/// <summary><c>edge label</c>: tells a device what a window was, or lists the windows that devices ask for.</summary>
internal static class LabelCommand
{
    private static readonly string Codes = ExitCode.List("the device has taken the label (with --list: a window was asked for)", "it has not (with --list: none was)", "broker or device do not answer in time", config: null);
    private const int MostOpen = 10_000;

    /// <summary>The verb.</summary>
    internal static Command Create()
    {
        var device = new Option<string?>("--device") { Description = "The device's id in topics; with --list without it all." };
        var window = new Option<ulong?>("--window") { Description = "The window's id, from label/request or prediction." };
        var name = new Option<string?>("--class") { Description = "What it was: one of the device's labels.classes." };
        var list = new Option<bool>("--list") { Description = "Show the windows that devices ask for, as they do. The broker does not keep what was asked before." };
        var timeout = new Option<double>("--timeout") { Description = "How long to wait for the device's answer, seconds; a device that is away answers when it is back, and nobody waits for that.", DefaultValueFactory = _ => 10 };
        timeout.Validators.Add(CommandNumber.Within(timeout, 0.1, 86_400, "seconds"));
        var seconds = new Option<double?>("--for") { Description = "With --list: end by itself after that many seconds; without it on Ctrl-C." };
        seconds.Validators.Add(CommandNumber.Within(seconds, 0.1, 4_000_000, "seconds"));
        var command = FleetLink.AddTo(new CodedCommand("label", "Tell a device what a window was, and wait for what it says to that; or list the windows that devices ask for.", Codes) { device, window, name, list, timeout, seconds, GlobalOptions.Json });
        command.Validators.Add(result =>
        {
            bool lists = result.GetValue(list);
            if (result.GetValue(device) is { } id && !Topics.IsLevel(id)) result.AddError($"--device '{id}': expected the device's id as it stands in its topics, without '/', '+', '#' and '$'.");
            if (lists && (result.GetResult(window) is not null || result.GetValue(name) is not null)) result.AddError("--list takes neither --window nor --class.");
            if (!lists && (result.GetValue(device) is null || result.GetResult(window) is null || result.GetValue(name) is not { Length: > 0 and <= 64 })) result.AddError("--device, --window and --class (1 to 64 characters) belong together; or ask with --list which windows devices want to know.");
        });
        ConfigCommand.Act(command, "", (parsed, cancel) => parsed.GetValue(list)
            ? ListAsync(parsed, parsed.GetValue(device), parsed.GetValue(seconds), cancel)
            : SendAsync(parsed, parsed.GetValue(device)!, parsed.GetValue(window)!.Value, parsed.GetValue(name)!, TimeSpan.FromSeconds(parsed.GetValue(timeout)), cancel));
        return command;
    }

    private static async Task<int> SendAsync(ParseResult parsed, string device, ulong window, string name, TimeSpan patience, CancellationToken cancel)
    {
        var topics = new Topics(parsed.GetValue(FleetLink.Root)!, device);
        await using var fleet = await FleetLink.OpenAsync(parsed, [topics.LabelResult], cancel);
        string requestId = $"operator-{Guid.NewGuid():n}";
        await fleet.PublishAsync(topics.Label, JsonSerializer.SerializeToUtf8Bytes(new { windowId = window, @class = name, requestId }, GlobalOptions.OneLine), cancel, retained: false);
        using var late = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        late.CancelAfter(patience);
        try
        {
            await foreach (var heard in fleet.Link.Inbound.ReadAllAsync(late.Token))
            {
                if (ReportReader.Root(heard.Payload) is not { } result || result.Text("requestId") != requestId) continue;
                bool accepted = result.Flag("accepted");
                if (parsed.GetValue(GlobalOptions.Json)) Console.WriteLine(JsonNode.Parse(heard.Payload.Span)!.ToJsonString());
                else Console.WriteLine(accepted ? $"taken, kept for {result.Text("role") ?? "nothing"}{(result.Whole("exampleId") is { } id ? $" as example {id}" : "")}" : $"not taken: {result.Text("reason") ?? "the device does not say why"}");
                return accepted ? ExitCode.Done : ExitCode.Finding;
            }
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            // Nobody answered.
        }

        cancel.ThrowIfCancellationRequested();
        throw new IOException(string.Create(CultureInfo.InvariantCulture, $"device '{device}' has not answered within {patience.TotalSeconds:0.#} s. The broker has the label; see with 'edge watch' whether the device is there"));
    }

    private static async Task<int> ListAsync(ParseResult parsed, string? device, double? seconds, CancellationToken cancel)
    {
        string root = parsed.GetValue(FleetLink.Root)!;
        bool json = parsed.GetValue(GlobalOptions.Json);
        await using var fleet = await FleetLink.OpenAsync(parsed, [$"{root}/{device ?? "+"}/label/request", $"{root}/{device ?? "+"}/label/result"], cancel);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        if (seconds is { } limit) stop.CancelAfter(TimeSpan.FromSeconds(limit));
        var open = new HashSet<(string Device, long Window)>();
        bool any = false;
        try
        {
            await foreach (var heard in fleet.Link.Inbound.ReadAllAsync(stop.Token))
            {
                if (FleetTopic.Of(root, heard.Topic) is not var (id, suffix) || ReportReader.Root(heard.Payload) is not { } said || said.Whole("windowId") is not { } window) continue;
                bool isRequest = suffix == "label/request";
                if (isRequest ? open.Count >= MostOpen || !open.Add((id, window)) : !said.Flag("accepted") || !open.Remove((id, window))) continue;
                any = true;
                if (json) Console.WriteLine(JsonNode.Parse(heard.Payload.Span)!.ToJsonString());
                else Console.WriteLine(isRequest ? Line(id, window, said) : $"{id}  window {window}  answered: {said.Text("class")}");
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Its end.
        }

        return any ? ExitCode.Done : ExitCode.Finding;
    }

    private static string Line(string device, long window, JsonElement asked)
    {
        var candidates = asked.Member("candidates") is { ValueKind: JsonValueKind.Array } list
            ? list.EnumerateArray().Take(3).Select(one => string.Create(CultureInfo.InvariantCulture, $"{one.Text("class")} {(one.Number("probability") ?? 0) * 100:0} %"))
            : [];
        return $"{device}  window {window}  {asked.Text("reason")}  seen {asked.Text("at")}, answerable until {asked.Text("answerableUntil")}  {string.Join(", ", candidates)}";
    }
}
