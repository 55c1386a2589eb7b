using Edge.Runtime.Labelling;
using Edge.Runtime.Windowing;
using Edge.Storage;
using Edge.Telemetry.Messages;
using Microsoft.Extensions.Hosting;

namespace Edge.Runtime.Stages;

/// <summary>Takes labels in, an operator's and a recorded one alike: finds the window each speaks of and hands the pair on, or says why not. And asks for labels of windows that the device is in doubt about.</summary>
public sealed class LabellingStage(
    Flows flows, WindowRing ring, SourceLabels source, LabelledWindowSet labelled, LabelAsking asking, IReadOnlyList<string> classes, ClassNames names, DriftAlarms drift, Reporter reporter, ServiceState state, FaultRecord faults, IHostApplicationLifetime lifetime)
    : Stage(faults, lifetime)
{
    /// <inheritdoc/>
    protected override Task RunAsync(CancellationToken stopping) => SideBySideAsync(stopping, FollowSourceAsync(stopping), AnswerAsync(stopping));

    private async Task FollowSourceAsync(CancellationToken stopping)
    {
        using var ending = flows.EndWith(stopping);
        while (await flows.Predictions.Reader.WaitToReadAsync(CancellationToken.None))
        {
            while (flows.Predictions.Reader.TryRead(out var prediction))
            {
                source.Note(prediction);
                if (asking.Note(prediction) is { } request)
                {
                    state.CountRequest();
                    reporter.LabelRequest(request);
                }

                while (source.NextDue(prediction.EndSeconds) is { } label)
                {
                    flows.InFlight.Enter();
                    await flows.Labels.Writer.WriteAsync(label, stopping);
                }

                state.LabelsWaiting = source.WaitingCount;
                flows.InFlight.Leave();
            }
        }
    }

    private async Task AnswerAsync(CancellationToken stopping)
    {
        await foreach (var request in flows.Labels.Reader.ReadAllAsync(stopping))
        {
            await AnswerAsync(request, stopping);
            flows.InFlight.Leave(); // From here the example is pending, or the label was refused.
        }
    }

    private async Task AnswerAsync(LabelRequest request, CancellationToken stopping)
    {
        if (names.FromStored(request.Class) is var now && now != request.Class) request = request with { Class = now }; // Who labels need not know of the change.
        string? refusal = null;
        var earlier = labelled.Find(request.WindowId);
        if (!classes.Contains(request.Class, StringComparer.Ordinal))
        {
            refusal = $"class '{request.Class}' is not one of labels.classes ({string.Join(", ", classes)}); add it there or correct the label";
        }
        else if (earlier is not null && earlier.Request.Class != request.Class)
        {
            refusal = $"window {request.WindowId} has been labelled '{earlier.Request.Class}' already; one window has one label";
        }
        else if (earlier is not null)
        {
            // Answered again, not learnt again; while the first is on its way to the disk, together with it.
            if (labelled.Join(request) is { } outcome) reporter.LabelResult(outcome.ToMessage());
        }
        else if (ring.Find(request.WindowId) is { } window)
        {
            labelled.Set(new LabelOutcome(request, null, null));
            bool wasAsked = asking.Answered(request.WindowId);
            if (wasAsked) state.CountRequestAnswered();
            state.CountTaken();
            if (!wasAsked || request.Origin == SourceLabels.Origin) drift.Label(request.WindowId, request.Class); // The device asks where it is in doubt: how often it is wrong there says nothing of how often it is wrong.
            await flows.Examples.Writer.WriteAsync(new PendingExample(request, window), stopping);
        }
        else
        {
            var (oldest, newest) = ring.Range;
            refusal = $"window {request.WindowId} is not held: the ring holds {oldest} to {newest}; label sooner or raise window.ringCapacity";
        }

        if (refusal is null) return;
        state.CountLabelRefused();
        reporter.LabelResult(LabelOutcome.Refused(request, refusal).ToMessage());
    }
}
