using Edge.Config;
using Edge.Runtime.Inference;
using Edge.Runtime.Learning;

namespace Edge.Runtime.Tests.Inference;

/// <summary>Snapshots come and go for months: a session that is closed gives its memory back. Alone in the process while it measures.</summary>
[CollectionDefinition(nameof(ClassifierMemoryTests), DisableParallelization = true)]
[Collection(nameof(ClassifierMemoryTests))]
public class ClassifierMemoryTests
{
    private const double MostGrowthMiB = 60;

    [Fact]
    public void Five_hundred_sessions_leave_nothing_behind()
    {
        using var data = new DataFolder();
        string model = TestSnapshot.Write(data);
        float[] window = TestSnapshot.WindowOf("slow", 1);
        Cycle(50);
        double before = Resident();
        Cycle(500);
        double growth = Resident() - before;
        Assert.True(growth < MostGrowthMiB, $"500 sessions left {growth:0} MiB");

        void Cycle(int count)
        {
            for (int i = 0; i < count; i++)
            {
                using var classifier = Classifier.Open(model, TestSnapshot.Manifest, new InferenceSection { Providers = ["cpu"] });
                classifier.Score(window);
            }
        }

        static double Resident()
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            GC.Collect();
            return TrainingChild.ResidentMiB(Environment.ProcessId);
        }
    }
}
