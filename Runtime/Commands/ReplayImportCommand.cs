using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Edge.Config;
using Edge.Runtime.Sensors;
using Edge.Runtime.Stages;
using Edge.Runtime.Windowing;
using Edge.Storage;

namespace Edge.Runtime.Commands;

/// <summary><c>edge replay import SOURCE</c>: labelled windows into the memory.</summary>
public static class ReplayImportCommand
{
    private const double RateNotGiven = 1; // What DatasetReader says where the data does not: no sensor of movement samples once a second.

    /// <summary>The verb.</summary>
    public static Command Create()
    {
        var source = new Argument<string>("source") { Description = "A .npz of 'edge replay export', or any data set that 'edge bench --data' takes (its training split)." };
        var again = new Option<bool>("--again") { Description = "Begin with the first row even if this content was imported before. What is held already (same class, start, samples) is left out all the same; rows of a file that does not give starts are compared without them. What the store has let go is taken again." };
        var command = new CodedCommand("import", "Offer labelled windows to the store; an export keeps its starts and times, others count as labelled now and follow the newest example. Hold-out and retention decide what is kept. An interrupted import is repeated with the same command and goes on where it stopped; a row that is held already (same class, start, samples) is not taken twice.", ReplayCommand.Codes)
        {
            source, again, ReplayCommand.Config, GlobalOptions.Json,
        };
        ReplayCommand.Act(command, async (config, data, parsed, cancel) =>
        {
            double stride = config.Window.Stride / config.Sensor.SampleRateHz;
            DatasetReader.Find(parsed.GetValue(source)!); // Before anything is made.
            data.Create();
            // Nothing that waits for a round leaves here: the next start of the service counts it into the statistics, and then lets go what is too much.
            using var buffer = ReplayCommand.Told(ReplayBuffer.Open(data.ReplayFile, ServiceHost.OptionsOf(config) with { CopyCount = 0, FreshCapacity = int.MaxValue }, TimeProvider.System, ReplayAccess.Serve, trims: false));
            var import = ReplayArchive.Read(parsed.GetValue(source)!, buffer.Counts.AcknowledgedCount == 0 ? 0 : buffer.Counts.LastStartSeconds + config.Window.Length / config.Sensor.SampleRateHz, stride, TimeProvider.System.GetUtcNow(), LoadLine.ForAPerson(), cancel);
            foreach (string note in import.Notes) Console.Error.WriteLine(note);
            if (Mismatch(import.Windows, config, buffer.Names) is { } why) return ReplayCommand.Failed(command, why);

            int count = import.Windows.Count, first = parsed.GetValue(again) ? 0 : (int)Math.Min(await buffer.ImportedAsync(import.Source), count), taken = 0, known = 0;
            bool comparesStarts = import.HasStarts || !parsed.GetValue(again); // New starts are never held, and on the way through a file for the first time that is right: two equal rows are two windows.
            var progress = ReplayCommand.Progress($"of {count} rows");
            for (int row = first; row < count; row += config.Replay.CommitBatchSize)
            {
                cancel.ThrowIfCancellationRequested();
                int end = Math.Min(count, row + config.Replay.CommitBatchSize);
                var done = await buffer.ImportAsync([.. Enumerable.Range(row, end - row).Select(import.Example).Select(buffer.Names.FromStored)], import.Source, end, comparesStarts);
                (taken, known) = (taken + done.OfferedCount, known + done.KnownCount);
                progress.Report(end);
            }

            var counts = buffer.Counts;
            if (parsed.GetValue(GlobalOptions.Json)) Console.WriteLine(JsonSerializer.Serialize(new { rowCount = count, doneBefore = first, takenCount = taken, heldAlready = known, replay = counts.ReplayCount, anchors = counts.AnchorCount, fresh = counts.FreshCount }, GlobalOptions.OneLine));
            else Console.WriteLine($"{taken} of {count} rows taken, {known} held already, {first} done by an earlier import; the store holds {counts.ReplayCount} for replay, {counts.AnchorCount} anchors, {counts.FreshCount} fresh");
            return ExitCode.Done;
        });
        return command;
    }

    /// <summary>Why these windows are none of the device's; null when they are.</summary>
    private static string? Mismatch(LabelledWindows windows, DeviceConfig config, ClassNames names)
    {
        string[] strange = [.. windows.Classes.Distinct().Select(c => names.FromStored(windows.ClassNames[c])).Except(config.Labels.Classes, StringComparer.Ordinal)];
        if (strange.Length > 0) return $"the classes {string.Join(", ", strange)} are not in labels.classes ({string.Join(", ", config.Labels.Classes)}), so they would never be learnt. Add them there, say in labels.renamed what they are called now, or rename them in the file.";
        if (windows.Window.Length != config.Window.Length) return $"the windows have {windows.Window.Length} samples per channel; window.length is {config.Window.Length}. Cut them to that length, or use the configuration of the device that they are for.";
        int channels = SensorCatalogue.ChannelsOf(config.Sensor).Count;
        if (windows.Window.ChannelCount != channels) return $"the windows have {windows.Window.ChannelCount} channels; sensor.kind '{config.Sensor.Kind}' has {channels}, and no round would take them. Use the configuration of the device that they are for.";
        if (windows.Window.SampleRateHz is not RateNotGiven && windows.Window.SampleRateHz != config.Sensor.SampleRateHz)
            return string.Create(CultureInfo.InvariantCulture, $"the windows were sampled at {windows.Window.SampleRateHz} Hz (sample_rate_hz); sensor.sampleRateHz is {config.Sensor.SampleRateHz}, and they would be learnt as if they were {windows.Window.SampleRateHz / config.Sensor.SampleRateHz:0.###} times as long. Resample them, or use the configuration of the device that they are for.");
        int strangeValue = Array.FindIndex(windows.Values, value => !(Math.Abs(value) <= Windower.LargestMagnitude));
        return strangeValue < 0 ? null : string.Create(CultureInfo.InvariantCulture, $"X[{strangeValue / windows.Window.ValueCount}, {strangeValue % windows.Window.ValueCount / windows.Window.Length}, {strangeValue % windows.Window.Length}] is {windows.Values[strangeValue]}; a measurement is at most {Windower.LargestMagnitude:0} in magnitude, in any unit, and beyond it sums of features overflow. Take that window out of the file.");
    }
}
