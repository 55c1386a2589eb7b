using Edge.Config;
using Edge.Runtime.Inference;
using Edge.Runtime.Stages;
using Edge.Runtime.Tests.Inference;
using Edge.Storage;

namespace Edge.Runtime.Tests.Stages;

/// <summary>The one place where a session or its prototypes change hands.</summary>
public sealed class ReadOutSlotTests : IDisposable
{
    private readonly DataFolder data = new();

    public void Dispose() => data.Dispose();

    [Fact]
    public void With_nothing_left_there_nothing_changes()
    {
        using var slot = new ReadOutSlot();
        Classifier? running = null;
        object? applied = null;
        Assert.False(slot.Apply(ref running, ref applied));
        Assert.Null(running);
        Assert.Null(slot.LatestFor("a"));
    }

    [Fact]
    public void The_latest_session_wins_and_those_it_replaced_are_closed()
    {
        using var slot = new ReadOutSlot();
        var (first, second, third) = (Open("a"), Open("b"), Open("c"));
        slot.Swap(first, Known("a", 1));
        Classifier? running = null;
        object? applied = null;
        Assert.True(slot.Apply(ref running, ref applied));
        Assert.Same(first, running);

        slot.Swap(second, Known("b", 1));
        slot.Swap(third, Known("c", 2));
        Assert.True(IsClosed(second)); // It never ran.
        Assert.True(slot.Apply(ref running, ref applied));
        Assert.Same(third, running);
        Assert.True(IsClosed(first)); // It has run.
        Assert.Equal(2, third.KnownCount);
        Assert.False(slot.Apply(ref running, ref applied)); // Taken once.
        Assert.False(IsClosed(third));
        third.Dispose();
    }

    [Fact]
    public void Fresher_prototypes_reach_the_session_they_are_of_and_no_other()
    {
        using var slot = new ReadOutSlot();
        using var session = Open("a");
        slot.Swap(session, Known("a", 1));
        Classifier? running = null;
        object? applied = null;
        slot.Apply(ref running, ref applied);
        Assert.Equal(1, session.KnownCount);

        slot.Publish("a", Known("a", 2));
        Assert.False(slot.Apply(ref running, ref applied)); // Not another session.
        Assert.Equal(2, session.KnownCount);

        slot.Publish("b", Known("b", 3));
        slot.Apply(ref running, ref applied);
        Assert.Equal(2, session.KnownCount); // They mean nothing in this embedding.
        Assert.Null(slot.LatestFor("a"));
        Assert.Equal(3, slot.LatestFor("b")!.Weights.Prototypes.KnownCount);
    }

    [Fact]
    public void Prototypes_are_taken_over_once_and_not_for_every_window()
    {
        using var slot = new ReadOutSlot();
        using var session = Open("a");
        var prototypes = Known("a", 1);
        slot.Swap(session, prototypes);
        Classifier? running = null;
        object? applied = null;
        slot.Apply(ref running, ref applied);
        session.Use(Known("a", 3).Weights); // Stands out if the slot applies its own again.
        slot.Apply(ref running, ref applied);
        Assert.Equal(3, session.KnownCount);
    }

    [Fact]
    public void A_session_that_nobody_took_is_closed_with_the_slot()
    {
        var session = Open("a");
        using (var slot = new ReadOutSlot()) slot.Swap(session, Known("a", 1));
        Assert.True(IsClosed(session));
    }

    private Classifier Open(string id) => Classifier.Open(TestSnapshot.Write(data), TestSnapshot.Manifest with { Id = id }, new InferenceSection { Providers = ["cpu"] });

    private static PublishedReadOut Known(string id, int count)
    {
        var bank = new PrototypeBank(id, 128);
        float[] embedding = new float[128];
        embedding[0] = 1;
        foreach (string name in TestSnapshot.Classes.Take(count)) bank.Add(name, embedding);
        var branches = new BranchReadOuts(TestSnapshot.Classes, bank.ToMatrix(TestSnapshot.Classes), null, null, null, 0);
        return new PublishedReadOut(branches.Compose(ReadOutBlend.OfPrototypes), branches, ReadOutBlend.OfPrototypes, null);
    }

    private static bool IsClosed(Classifier session)
    {
        try
        {
            session.Score(TestSnapshot.WindowOf("slow", 1));
            return false;
        }
        catch (ObjectDisposedException)
        {
            return true;
        }
    }
}
