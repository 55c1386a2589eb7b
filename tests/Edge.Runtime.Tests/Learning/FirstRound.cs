using Edge.Config;
using Edge.Runtime.Learning;
using Edge.Runtime.Tests.Inference;
using Edge.Storage;
using Edge.Trainer.Rounds;

namespace Edge.Runtime.Tests.Learning;

/// <summary>A first snapshot, made once by the real executable, for the rounds that go on from it. The tests that start programs run one after another: each takes a core.</summary>
[CollectionDefinition(nameof(FirstRound))]
public sealed class FirstRound : ICollectionFixture<FirstRound>, IAsyncLifetime
{
    private readonly DataFolder data = new();

    /// <summary>The configuration of every round.</summary>
    internal static DeviceConfig Config { get; } = new() { Labels = new LabelsSection { Classes = TestSnapshot.Classes }, Training = new TrainingSection { ThreadCount = 1 } };

    /// <summary>Folder of the round that made the first snapshot.</summary>
    internal RoundFolder Folder { get; private set; } = null!;

    /// <summary>How the program that ran it ended.</summary>
    internal Ended Ended { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Folder = new RoundFolders(data["rounds"], 3).Create(RoundPlans.Initial(Config, TestSnapshot.Window, ["x", "y", "z"]), null, null);
        Ended = await EdgeProgram.RunAsync(data.Path, "train", "--round", Folder.Path);
    }

    public ValueTask DisposeAsync()
    {
        data.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>Writes the folder of a round that fine-tunes the first snapshot.</summary>
    internal RoundFolder FineTune(DataFolder folder, int round, int epochs, int checkpointSeconds = 5, string backbone = "auto")
    {
        var config = Config with { Training = Config.Training with { Epochs = epochs, CheckpointSeconds = checkpointSeconds, Backbone = backbone } };
        var draw = new ReplayDraw([.. Examples(1, 20)], [.. Examples(61, 10)], 200);
        return new RoundFolders(folder["rounds"], 3).Create(RoundPlans.FineTune(config, round, TestSnapshot.Manifest), draw, Folder.CheckpointFile);
    }

    private static IEnumerable<Example> Examples(ulong firstId, int perClass) => TestSnapshot.Classes.SelectMany((name, c) => Enumerable.Range(0, perClass).Select(i => new Example
    {
        Id = firstId + (ulong)(c * perClass + i),
        WindowId = firstId + (ulong)(c * perClass + i),
        Class = name,
        StartSeconds = i,
        LabelledAt = DateTimeOffset.UnixEpoch,
        Samples = TestSnapshot.WindowOf(name, (int)firstId + i),
    }));
}
