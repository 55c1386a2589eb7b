using System.CommandLine;
using System.Text.Json;
using Edge.Config;
using Edge.Runtime.Fleet;
using Edge.Runtime.Snapshots;
using Edge.Runtime.Updates.Checks;
using Edge.Runtime.Updates.Envelopes;
using Edge.Runtime.Updates.Offers;
using Edge.Storage;
using Edge.Telemetry.Mqtt;
using Edge.Trainer.Rounds;

namespace Edge.Runtime.Commands;

/// <summary><c>edge snapshot publish ID</c>: offers a snapshot to other devices, and hands out the pieces that they ask for.</summary>
internal static class SnapshotPublishCommand
{
    private const int MostQueued = 8, MostAsked = 8, MostReasons = 100, MostReasonCharacters = 2000;

    /// <summary>The verb.</summary>
    internal static Command Create()
    {
        var name = SnapshotCommand.Snapshot("snapshot", "Which one");
        var to = new Option<string>("--to") { Description = "Whom: fleet (every device that listens), fleet:NAME (those with that device.fleet), group:NAME (those that have it among device.groups), or device:ID.", Required = true };
        var key = new Option<string>("--key") { Description = "Private key (NAME.key.pem) that the devices trust with the role snapshots.", Required = true };
        var chunk = new Option<int>("--chunk-kib") { Description = "KiB of a piece, 1 to 256; in a message it takes a third more. Some hosted brokers take no message above 128 KiB: 64 fits there.", DefaultValueFactory = _ => 128 };
        var hours = new Option<double>("--valid-hours") { Description = "How long the offer may be taken, by the devices' clocks; a device whose clock is not synchronised does not look at it.", DefaultValueFactory = _ => 720 };
        hours.Validators.Add(CommandNumber.Within(hours, 0.01, 87_600, "hours"));
        var until = new Option<int?>("--until") { Description = "End when that many devices have said that they run it, or why not." };
        var seconds = new Option<double?>("--for") { Description = "End after that many seconds; without it and without --until when it is stopped." };
        seconds.Validators.Add(CommandNumber.Within(seconds, 0.1, 4_000_000, "seconds"));
        var keep = new Option<bool>("--keep") { Description = "Leave the offer with the broker at the end: devices that come later ask once a minute, and get nothing until it is published again." };
        var command = FleetLink.AddTo(new CodedCommand("publish", "Check a snapshot (hash, contract, parity), offer it over the broker, signed and retained, and answer the devices that ask for its pieces, until stopped; then the offer is taken back. Each device asks for what it lacks, also after an interruption, judges it on its own anchors and reports. Nothing large stays with the broker. May be used beside a running service.", SnapshotCommand.CodesWith("the check refuses it, or every device that answered did"))
        {
            name, to, key, chunk, hours, until, seconds, keep, DeviceCommand.Config, GlobalOptions.Json,
        });
        SnapshotCommand.Act(command, async (config, data, parsed, cancel) =>
        {
            var (snapshot, manifest) = new SnapshotShelf(data).Good(parsed.GetValue(name)!);
            if (Flaws(snapshot, manifest, config) is { Count: > 0 } flaws)
            {
                foreach (string flaw in flaws) Console.Error.WriteLine(flaw);
                return ExitCode.Finding;
            }

            string folder = Directory.CreateTempSubdirectory("edge-offer-").FullName;
            try
            {
                string parity = Path.Combine(folder, SnapshotOffer.ParityFileName);
                File.WriteAllBytes(parity, CheckpointParity.Of(snapshot.CheckpointFile, manifest.Window, seed: 1).ToBytes());
                var (topic, target) = Meant(parsed.GetValue(to)!, parsed.GetValue(FleetLink.Root)!);
                int kib = parsed.GetValue(chunk) is >= 1 and <= 256 and var given ? given : throw new InvalidDataException($"--chunk-kib {parsed.GetValue(chunk)}: expected 1 to 256");
                var offered = OfferedSnapshot.Of(ClassNames.Of(config.Labels.Renamed).FromStored(manifest), [snapshot.ModelFile, snapshot.CheckpointFile, parity], target, kib * 1024, TimeProvider.System.GetUtcNow(), TimeProvider.System.GetUtcNow().AddHours(parsed.GetValue(hours)));
                byte[] envelope = Signed(offered.Offer, parsed.GetValue(key)!);
                await using var fleet = await FleetLink.OpenAsync(parsed, [$"{parsed.GetValue(FleetLink.Root)}/+/snapshot/request", $"{parsed.GetValue(FleetLink.Root)}/+/snapshot"], cancel);
                await fleet.PublishAsync(topic, envelope, cancel);
                bool json = parsed.GetValue(GlobalOptions.Json);
                if (!json) Console.WriteLine($"{manifest.Id} is offered to {parsed.GetValue(to)}: {offered.Offer.Bytes} bytes in {offered.Offer.Chunks.Count} pieces, SHA-256 {offered.Offer.Sha256[..12]}…");
                var answers = await ServeAsync(fleet, offered, parsed.GetValue(FleetLink.Root)!, parsed.GetValue(until) ?? int.MaxValue, parsed.GetValue(seconds), json, cancel);
                if (!parsed.GetValue(keep)) await fleet.PublishAsync(topic, [], CancellationToken.None);
                return answers.Count > 0 && answers.Values.All(result => result == "refused") ? ExitCode.Finding : ExitCode.Done;
            }
            catch (FormatException e)
            {
                throw new InvalidDataException(e.Message, e);
            }
            finally
            {
                Directory.Delete(folder, recursive: true);
            }
        });
        return command;
    }

    /// <summary>What speaks against offering it; its own windows are not among that, for the receivers' are what count.</summary>
    private static IReadOnlyList<string> Flaws(StoredSnapshot snapshot, SnapshotManifest manifest, DeviceConfig config)
    {
        var own = config with { Window = config.Window with { Length = manifest.Window.Length }, Sensor = config.Sensor with { SampleRateHz = manifest.Window.SampleRateHz }, Labels = config.Labels with { Classes = manifest.Classes } };
        return CandidateCheck.Judge(CandidateFiles.Of(snapshot.Folder, null), null, manifest, own, manifest.CreatedAt).Reasons;
    }

    private static byte[] Signed(SnapshotOffer offer, string keyFile)
    {
        using var signer = SigningKey.FromPem(File.ReadAllText(keyFile));
        byte[] payload = offer.Write();
        _ = SnapshotOffer.Read(payload); // What devices would call malformed, a name in --to perhaps, is said here.
        byte[] envelope = SignedEnvelope.Sign(signer, payload).Write();
        return envelope.Length <= SignedEnvelope.MaxBytes ? envelope : throw new InvalidDataException($"the offer names {offer.Chunks.Count} pieces and has {envelope.Length} bytes; a device looks at {SignedEnvelope.MaxBytes} at most. Raise --chunk-kib");
    }

    private static (string Topic, UpdateTarget Target) Meant(string to, string root) => to.Split(':', 2) switch
    {
        ["fleet"] => (Topics.FleetOffer(root), new UpdateTarget()),
        ["fleet", { Length: > 0 } fleet] => (Topics.FleetOffer(root), new UpdateTarget(Fleet: fleet)),
        ["group", { Length: > 0 } group] => (Topics.GroupOffer(root, group), new UpdateTarget(Group: group)),
        ["device", { Length: > 0 } device] => (new Topics(root, device).SnapshotOffer, new UpdateTarget(Device: device)),
        _ => throw new InvalidDataException($"--to {to}: expected fleet, fleet:NAME, group:NAME or device:ID"),
    };

    /// <summary>Answers requests, one after the other, until enough devices have said what became of it.</summary>
    /// <returns>Device to <c>received</c> or <c>refused</c>.</returns>
    private static async Task<IReadOnlyDictionary<string, string>> ServeAsync(FleetLink fleet, OfferedSnapshot offered, string root, int until, double? seconds, bool json, CancellationToken cancel)
    {
        var answers = new Dictionary<string, string>(StringComparer.Ordinal);
        using var late = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        if (seconds is { } limit) late.CancelAfter(TimeSpan.FromSeconds(limit));
        try
        {
            while (answers.Count < until)
            {
                var heard = await fleet.Link.Inbound.ReadAsync(late.Token);
                if (heard.Retained || FleetTopic.Of(root, heard.Topic) is not var (device, _) || ReportReader.Root(heard.Payload) is not { } message) continue;
                if (heard.Topic.EndsWith("/request", StringComparison.Ordinal)) await AnswerAsync(fleet, offered, new Topics(root, device).SnapshotChunk, message, late.Token);
                else if (Result(message, offered.Offer.Manifest.Id) is { } result)
                {
                    answers[device] = result;
                    var (runs, reasons) = (message.Text("snapshotId"), message.Texts("reasons", MostReasons, MostReasonCharacters));
                    Console.WriteLine(json ? JsonSerializer.Serialize(new { device, result, runs, reasons }, GlobalOptions.OneLine) : $"{device}: {result}, runs {runs}{string.Concat(reasons.Select(reason => $"\n  {reason}"))}");
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped, or its time is over: both are the regular end.
        }

        return answers;
    }

    private static async Task AnswerAsync(FleetLink fleet, OfferedSnapshot offered, string topic, JsonElement request, CancellationToken cancel)
    {
        if (request.Text("sha256") != offered.Offer.Sha256 || request.Member("chunks") is not { ValueKind: JsonValueKind.Array } wanted) return;
        foreach (var one in wanted.EnumerateArray().Take(MostAsked))
        {
            if (one.ValueKind != JsonValueKind.Number || !one.TryGetInt32(out int index) || index < 0 || index >= offered.Offer.Chunks.Count) continue;
            while (fleet.Link.QueuedCount >= MostQueued) await Task.Delay(5, cancel); // What a device does not get it asks for again, but nothing is to pile up here.
            fleet.Link.Send(new OutboundMessage("chunk", topic, offered.Chunk(index).Write(), Delivery.Event));
        }
    }

    private static string? Result(JsonElement message, string id) => message.Text("candidateId") == id && message.Text("event") is "received" or "refused" ? message.Text("event") : null;
}
