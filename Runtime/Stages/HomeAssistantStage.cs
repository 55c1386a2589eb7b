using Edge.Config;
using Edge.Runtime.Updates;
using Edge.Telemetry.HomeAssistant;
using Edge.Telemetry.Mqtt;
using Microsoft.Extensions.Hosting;

namespace Edge.Runtime.Stages;

/// <summary>Announces the device to Home Assistant when that is asked for, and takes back what was announced when it no longer is.</summary>
public sealed class HomeAssistantStage(MqttLink link, Topics topics, LiveConfig live, DataDirectory data, TimeProvider time, FaultRecord faults, IHostApplicationLifetime lifetime) : Stage(faults, lifetime)
{
    private static readonly TimeSpan s_look = TimeSpan.FromSeconds(1);

    /// <inheritdoc/>
    protected override async Task RunAsync(CancellationToken stopping)
    {
        var section = live.Current.HomeAssistant;
        string? wanted = section.Discovery == "on" ? HomeAssistantDiscovery.TopicOf(section.Prefix, topics.DeviceId) : null;
        var record = new AnnouncementRecord(data.Announcements);
        var old = record.Topics.Where(topic => topic != wanted).Select(HomeAssistantDiscovery.Withdraw).ToList();
        if (wanted is not null)
        {
            record.Note([.. record.Topics.Where(topic => topic != wanted), wanted]); // Before it is announced, or a kill between the two would leave it there.
            Announce(live.Current);
            live.Swapped += Announce;
        }

        try
        {
            foreach (var withdrawal in old) _ = link.SendAsync(withdrawal);
            if (old.Count > 0) await DeliveredAsync(old, stopping);
            record.Note(wanted is null ? [] : [wanted]);
            await Task.Delay(Timeout.InfiniteTimeSpan, time, stopping);
        }
        finally
        {
            live.Swapped -= Announce;
        }
    }

    private async Task DeliveredAsync(List<OutboundMessage> messages, CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(s_look, time);
        while (!messages.TrueForAll(link.HasDelivered)) await timer.WaitForNextTickAsync(stopping);
    }

    private void Announce(DeviceConfig config) => _ = link.SendAsync(HomeAssistantDiscovery.Announce(config.HomeAssistant.Prefix, topics, Product.Version, config.Telemetry.SummarySeconds));
}
