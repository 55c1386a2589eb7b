using Edge.Runtime.Learning;
using Edge.Runtime.Tests.Inference;
using Edge.Storage;

namespace Edge.Runtime.Tests.Learning;

/// <summary>The first snapshot can be compared with when it is no longer kept.</summary>
public sealed class FirstGraphTests : IDisposable
{
    private readonly DataFolder data = new();

    public void Dispose() => data.Dispose();

    [Fact]
    public void The_first_graph_outlives_its_snapshot()
    {
        var store = new SnapshotStore(data["snapshots"], keepCount: 2);
        var oldest = Promote(store, 1, TestSnapshot.Window);
        Assert.Equal(oldest.Id, new FirstGraph(data["first"], store).For(TestSnapshot.Window)!.Id);
        byte[] graph = File.ReadAllBytes(store.ModelFile(oldest));
        for (int i = 2; i < 6; i++) Promote(store, i, TestSnapshot.Window);
        Assert.DoesNotContain(store.List(), snapshot => snapshot.Id == oldest.Id);

        var first = new FirstGraph(data["first"], store);
        var kept = first.For(TestSnapshot.Window)!;
        Assert.Equal((oldest.Id, oldest.EmbeddingLength, oldest.Window), (kept.Id, kept.EmbeddingLength, kept.Window));
        Assert.Equal(oldest.Classes, kept.Classes);
        Assert.Equal(graph, File.ReadAllBytes(first.ModelFile));
    }

    [Fact]
    public void One_of_other_windows_or_a_damaged_one_gives_way_to_the_oldest_that_is_kept()
    {
        var store = new SnapshotStore(data["snapshots"], keepCount: 5);
        var first = new FirstGraph(data["first"], store);
        Assert.Null(first.For(TestSnapshot.Window));
        Promote(store, 1, TestSnapshot.Window);
        first.For(TestSnapshot.Window);
        var wider = TestSnapshot.Window with { Length = 64 };
        var other = Promote(store, 2, wider);
        Assert.Equal(other.Id, first.For(wider)!.Id);

        File.WriteAllText(data["first/first.json"], "{");
        Assert.Equal(other.Id, first.For(wider)!.Id);
        first.Drop();
        File.WriteAllBytes(first.ModelFile, []);
        Assert.Equal(other.Id, first.For(wider)!.Id);
        Assert.NotEmpty(File.ReadAllBytes(first.ModelFile));
    }

    private SnapshotManifest Promote(SnapshotStore store, int number, WindowShape window)
    {
        File.WriteAllText(data["model"], $"graph {number}");
        File.WriteAllText(data["checkpoint"], $"weights {number}");
        return store.Promote(data["model"], data["checkpoint"], TestSnapshot.Manifest with { Window = window, Round = number });
    }
}
