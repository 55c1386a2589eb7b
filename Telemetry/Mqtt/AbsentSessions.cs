using MQTTnet.Server;

namespace Edge.Telemetry.Mqtt;

/// <summary>How many sessions of clients that are away a broker keeps, and for how long.</summary>
internal sealed record AbsentSessionLimits
{
    /// <summary>Most of them; beyond it those go that have been away longest.</summary>
    public int Count { get; init; } = 1024; // A simulated fleet has up to 1000 devices.

    /// <summary>Longest time away, as long as a device asks for; a client of MQTT 5 that asks for less gets less.</summary>
    public TimeSpan Age { get; init; } = TimeSpan.FromDays(1);

    /// <summary>How often the time is looked at.</summary>
    public TimeSpan Look { get; init; } = TimeSpan.FromMinutes(1);
}

/// <summary>Forgets sessions of clients that do not come back. The server library keeps them all, whatever expiry a client has asked for.</summary>
internal sealed class AbsentSessions(MqttServer server, AbsentSessionLimits limits) : IAsyncDisposable
{
    private readonly SemaphoreSlim _one = new(1, 1);
    private readonly CancellationTokenSource _stop = new();
    private Task _looking = Task.CompletedTask;

    /// <summary>Begins to look.</summary>
    public void Start()
    {
        server.ClientDisconnectedAsync += _ => SweepAsync();
        _looking = LookAsync();
    }

    /// <summary>Ids of the clients that are away and have a session, those that have been longest first.</summary>
    public async Task<IReadOnlyList<string>> IdsAsync() => [.. (await AbsentAsync().ConfigureAwait(false)).Select(session => session.Id)];

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _looking.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task LookAsync()
    {
        using PeriodicTimer timer = new(limits.Look);
        while (await timer.WaitForNextTickAsync(_stop.Token).ConfigureAwait(false)) await SweepAsync().ConfigureAwait(false);
    }

    private async Task SweepAsync()
    {
        await _one.WaitAsync().ConfigureAwait(false);
        try
        {
            List<MqttSessionStatus> absent = await AbsentAsync().ConfigureAwait(false);
            DateTime now = DateTime.UtcNow; // The clock by which the library notes when a client went.
            int tooMany = absent.Count - limits.Count;
            for (int i = 0; i < absent.Count; i++)
            {
                if (i < tooMany || now - absent[i].DisconnectedTimestamp >= AgeOf(absent[i])) await absent[i].DeleteAsync().ConfigureAwait(false);
            }
        }
        catch (InvalidOperationException)
        {
            // The broker has stopped.
        }
        finally
        {
            _one.Release();
        }
    }

    private async Task<List<MqttSessionStatus>> AbsentAsync()
    {
        HashSet<string> here = [.. (await server.GetClientsAsync().ConfigureAwait(false)).Select(client => client.Id)];
        return [.. (await server.GetSessionsAsync().ConfigureAwait(false)).Where(session => session.DisconnectedTimestamp is not null && !here.Contains(session.Id)).OrderBy(session => session.DisconnectedTimestamp)];
    }

    /// <summary>A client of MQTT 3.1.1 asks for none, and is kept as long as any.</summary>
    private TimeSpan AgeOf(MqttSessionStatus session) => session.ExpiryInterval is > 0 and uint seconds && seconds < limits.Age.TotalSeconds ? TimeSpan.FromSeconds(seconds) : limits.Age;
}
