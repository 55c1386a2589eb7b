using Edge.Runtime.Updates.Trials;
using Microsoft.Extensions.Time.Testing;

namespace Edge.Runtime.Tests.Updates;

/// <summary>Whether the data directory takes writes, asked without wearing it.</summary>
public sealed class WriteProbeTests : IDisposable
{
    private readonly DataFolder data = new();
    private readonly FakeTimeProvider time = new();

    public void Dispose() => data.Dispose();

    [Fact]
    public void It_writes_once_in_five_seconds_however_often_it_is_asked()
    {
        Directory.CreateDirectory(data["config"]);
        var probe = new WriteProbe(data["config"], time);
        Assert.Null(probe.Problem());
        Assert.Empty(Directory.GetFiles(data["config"]));
        Directory.Delete(data["config"]); // From here on each write is refused, so that one that is made shows.
        for (int look = 0; look < 99; look++)
        {
            time.Advance(TimeSpan.FromMilliseconds(50));
            Assert.Null(probe.Problem());
        }

        time.Advance(TimeSpan.FromMilliseconds(50));
        Assert.Contains("could not be replaced", probe.Problem());
        Directory.CreateDirectory(data["config"]);
        Assert.NotNull(probe.Problem());
        time.Advance(WriteProbe.Pause);
        Assert.Null(probe.Problem());
    }
}
