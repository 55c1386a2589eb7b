using Edge.Runtime.Stages;

namespace Edge.Runtime.Tests.Stages;

public class ReferenceWindowsTests
{
    private const int Count = 64, Values = 512, SaveCount = 1000;

    [Fact]
    public async Task A_save_holds_windows_of_one_reference_whatever_the_classifier_does_meanwhile()
    {
        var reference = new ReferenceWindows(Count, Values);
        bool isOver = false;
        var classifying = Task.Run(
            () =>
            {
                var random = new Random(1);
                float[] window = new float[Values];
                for (int number = 1; !Volatile.Read(ref isOver); number++)
                {
                    Array.Fill(window, number);
                    reference.Restart();
                    for (int i = 0; i < Count; i++) reference.Keep(window);
                    Thread.SpinWait(random.Next(2000)); // Without a pause no save would come to its end.
                }
            },
            TestContext.Current.CancellationToken);
        try
        {
            float[] first = new float[Values], other = new float[Values];
            for (int save = 0; save < SaveCount; save++)
            {
                var saved = new ReferenceWindows(Count, Values);
                Assert.True(saved.TryRestore(reference.Save(), out string refusal), refusal);
                for (int i = 0; saved.CopySamples(i, other); i++)
                {
                    if (i == 0) other.CopyTo(first, 0);
                    Assert.Equal(first, other);
                }
            }
        }
        finally
        {
            Volatile.Write(ref isOver, true);
            await classifying;
        }
    }
}
