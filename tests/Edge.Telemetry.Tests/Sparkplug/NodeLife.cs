using Edge.Telemetry.Tests.Mqtt;

namespace Edge.Telemetry.Tests.Sparkplug;

/// <summary>One life of a node at a real broker, recorded for all claims about it: born, 300 messages, a change of the node, a rebirth, a silent sensor, a cut cable, a clean stop, and the start of another process.</summary>
public sealed class NodeLife : IAsyncLifetime
{
    private readonly List<Heard> _all = [];

    /// <summary>Indices into <see cref="All"/>: what had come when this happened.</summary>
    internal int AtRebirth { get; private set; }

    internal int AtCut { get; private set; }

    internal int AtStop { get; private set; }

    internal int AtSecondLife { get; private set; }

    /// <summary>Everything that the node and its broker published.</summary>
    internal IReadOnlyList<Heard> All
    {
        get
        {
            Assert.SkipUnless(Mosquitto.IsInstalled, Mosquitto.WhyNot);
            return _all;
        }
    }

    internal IReadOnlyList<Heard> Of(string verb) => [.. All.Where(heard => heard.Verb == verb)];

    /// <summary>Messages from one NBIRTH up to the next, or to the NDEATH.</summary>
    internal IEnumerable<IReadOnlyList<Heard>> Births()
    {
        List<Heard> life = [];
        foreach (Heard heard in All)
        {
            if (heard.Verb is "NBIRTH" or "NDEATH" && life.Count > 0)
            {
                yield return life;
                life = [];
            }

            if (heard.Verb != "NDEATH") life.Add(heard);
        }

        if (life.Count > 0) yield return life;
    }

    public async ValueTask InitializeAsync()
    {
        if (!Mosquitto.IsInstalled) return;
        string file = Path.Combine(Path.GetTempPath(), $"edge-bdseq-{Guid.NewGuid():n}");
        await using Mosquitto broker = await Mosquitto.StartAsync("max_queued_messages 0");
        await using SparkplugEyes eyes = await SparkplugEyes.OpenAsync(broker.Port);
        await using Wire wire = new(broker.Port);
        await using (TestNode node = new(wire.Port, file))
        {
            await eyes.OneMoreAsync("DDATA", 300);
            node.Provider = "cpu";
            await eyes.OneMoreAsync("NDATA");

            AtRebirth = eyes.All.Count;
            await eyes.PublishAsync(TestNode.Topics.NodeCommand, TestNode.Rebirth());
            await Eventually.Holds(() => eyes.CountOf("DBIRTH") >= 2, "the node is born again");
            await eyes.OneMoreAsync("DDATA");

            node.Senses = false;
            await eyes.OneMoreAsync("DDEATH");
            node.Senses = true;
            await eyes.OneMoreAsync("DBIRTH");
            await eyes.OneMoreAsync("DDATA");

            AtCut = eyes.All.Count;
            wire.Cut();
            await Eventually.Holds(() => eyes.CountOf("NDEATH") == 1, "the broker publishes the will");
            wire.Mend();
            await eyes.OneMoreAsync("DDATA");
            AtStop = eyes.All.Count;
            await node.StopAsync();
        }

        await Eventually.Holds(() => eyes.CountOf("NDEATH") == 2, "the node says NDEATH");
        AtSecondLife = eyes.All.Count;
        await using (TestNode second = new(wire.Port, file))
        {
            await eyes.OneMoreAsync("DDATA");
        }

        await Eventually.Holds(() => eyes.CountOf("NDEATH") == 3, "the second process says NDEATH");
        _all.AddRange(eyes.All);
        File.Delete(file);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
