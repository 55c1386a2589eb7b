using Edge.Config;
using Edge.Storage;

namespace Edge.Runtime.Sensors;

/// <summary>Who of UCI HAR is streamed and whom the service is judged on: by <c>sensor.uciHar.judgeOn</c> the two official splits, or two parts of the training split. Nobody is in both.</summary>
public sealed class UciHarPeople
{
    private const int HeldOutCount = 6;
    private static readonly int[] s_training = [1, 3, 5, 6, 7, 8, 11, 14, 15, 16, 17, 19, 21, 22, 23, 25, 26, 27, 28, 29, 30]; // Of the archive's subject_train.txt.
    private readonly string path;

    /// <summary>Finds the archive.</summary>
    /// <exception cref="FileNotFoundException">It is not where the config says.</exception>
    public UciHarPeople(SensorSection settings)
    {
        path = UciHarArchive.Locate(settings.UciHar.Path);
        if (settings.UciHar.JudgeOn != "validation") return;
        int[] people = [.. s_training];
        new Random(settings.Seed).Shuffle(people);
        HeldOut = people[..HeldOutCount].ToHashSet();
    }

    /// <summary>People of the training split who are not streamed; empty where the test split is judged on.</summary>
    public IReadOnlySet<int> HeldOut { get; } = new HashSet<int>();

    /// <summary>Windows of some classes to stream.</summary>
    /// <exception cref="InvalidDataException">The archive is malformed.</exception>
    public LabelledWindows Streamed(IReadOnlyList<string> classes) => HeldOut.Count == 0 ? UciHarArchive.Read(path, "train", classes) : Part(classes, heldOut: false);

    /// <summary>Windows of some classes to judge on.</summary>
    /// <exception cref="InvalidDataException">The archive is malformed.</exception>
    public LabelledWindows JudgedOn(IReadOnlyList<string> classes) => HeldOut.Count == 0 ? UciHarArchive.Read(path, "test", classes) : Part(classes, heldOut: true);

    private LabelledWindows Part(IReadOnlyList<string> classes, bool heldOut)
    {
        var all = UciHarArchive.Read(path, "train", classes);
        return all.Select([.. Enumerable.Range(0, all.Count).Where(i => HeldOut.Contains(all.Subjects[i]) == heldOut)]);
    }
}
