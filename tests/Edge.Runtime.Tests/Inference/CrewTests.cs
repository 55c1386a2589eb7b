using Edge.Runtime.Inference;

namespace Edge.Runtime.Tests.Inference;

public class CrewTests
{
    [Theory]
    [InlineData(0, 4)] // The caller alone.
    [InlineData(1, 2)]
    [InlineData(3, 4)]
    [InlineData(3, 2)] // More helpers than parts.
    [InlineData(1, 7)]
    public void Every_part_is_run_once_and_is_done_when_the_call_returns(int helperCount, int partCount)
    {
        int[] runs = new int[partCount];
        using var crew = new Crew<int>(helperCount, part => runs[part]++); // Each part writes its own: what is not done at the return would be missing.
        int[] work = [.. Enumerable.Range(0, partCount)];
        for (int turn = 1; turn <= 2000; turn++)
        {
            crew.Run(work);
            Assert.All(runs, count => Assert.Equal(turn, count));
        }
    }

    [Fact]
    public void Parts_run_at_the_same_time()
    {
        using var met = new Barrier(3);
        using var crew = new Crew<int>(2, _ => Assert.True(met.SignalAndWait(TimeSpan.FromMinutes(5)), "no other thread came"));
        crew.Run([0, 1, 2]);
    }

    [Fact]
    public void A_part_that_fails_is_heard_of_when_all_have_ended_and_the_crew_goes_on()
    {
        int done = 0;
        bool fails = true;
        using var crew = new Crew<int>(2, part =>
        {
            if (fails && part == 1) throw new InvalidDataException("part 1");
            Interlocked.Increment(ref done);
        });
        Assert.Equal("part 1", Assert.Throws<InvalidDataException>(() => crew.Run([0, 1, 2, 3])).Message);
        Assert.Equal(3, done);
        fails = false;
        crew.Run([0, 1, 2, 3]);
        Assert.Equal(7, done);
    }
}
