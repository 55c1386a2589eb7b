using Edge.Config;
using Edge.Runtime.Labelling;
using Edge.Runtime.Learning;
using Edge.Telemetry.Drift.Watching;
using Edge.Telemetry.Messages;

namespace Edge.Runtime.Stages;

/// <summary>What the device does about a drift: a training round where one can start; else it asks for labels of the most doubtful windows since, within the hourly budget; else nothing, and says why. Safe from any thread.</summary>
public sealed class DriftResponse(RoundSchedule schedule, RoundGate rounds, LabelAsking asking, LabelsSection labels, Reporter reporter, ServiceState state)
{
    /// <summary>Acts upon an event; label requests have been handed to the reporter when it returns.</summary>
    public DriftAction To(DriftEvent drift)
    {
        if (drift.What == "classMix") return DriftAction.None("another mix of the same classes is nothing to learn");
        string obstacle = schedule.WhyNotDue(RoundSchedule.Drift);
        if (obstacle.Length == 0) return rounds.Ask(RoundSchedule.Drift) ? DriftAction.RoundRequested : DriftAction.RoundUnderWay;
        schedule.NoteDrift();
        var requests = asking.AskAtOnce(drift.SinceWindowId);
        foreach (var request in requests)
        {
            state.CountRequest();
            reporter.LabelRequest(request);
        }

        if (requests.Count > 0) return DriftAction.AskedForLabels(requests.Count, obstacle);
        string unasked = labels.RequestsPerHour == 0 ? "labels.requestsPerHour is 0" : asking.HasBudget ? "no window since then can be asked for" : "the budget of labels.requestsPerHour is spent";
        return DriftAction.None($"{obstacle}; {unasked}");
    }
}
