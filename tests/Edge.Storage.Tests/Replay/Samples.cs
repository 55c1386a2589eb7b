using Microsoft.Extensions.Time.Testing;

namespace Edge.Storage.Tests.Replay;

/// <summary>Stores and examples that the tests of the replay buffer share.</summary>
internal static class Samples
{
    public static ReplayBufferOptions Options { get; } = new() { Capacity = 20, AnchorCapacity = 6, AnchorShare = 0, AnchorBlockSeconds = 10, FreshCapacity = 1000, Seed = 7 };

    public static DateTimeOffset Now { get; } = new(2026, 3, 4, 5, 6, 7, 89, TimeSpan.Zero);

    public static ReplayBuffer Open(string path, ReplayBufferOptions? options = null) => ReplayBuffer.Open(path, options ?? Options, new FakeTimeProvider(Now));

    /// <summary>An example whose samples tell it from every other.</summary>
    public static Example One(string className, ulong windowId, double? startSeconds = null, int valueCount = 12) => new()
    {
        WindowId = windowId,
        Class = className,
        StartSeconds = startSeconds ?? windowId,
        LabelledAt = Now.AddSeconds(windowId),
        Samples = [.. Enumerable.Range(0, valueCount).Select(i => windowId + i / 64f)],
    };

    public static Example[] Many(string className, int firstWindow, int count) => [.. Enumerable.Range(firstWindow, count).Select(i => One(className, (ulong)i))];

    /// <summary>The same example, values included; a record compares arrays by reference.</summary>
    public static void AssertSame(Example expected, Example? actual)
    {
        Assert.NotNull(actual);
        Assert.Equal(expected.Samples, actual.Samples);
        Assert.Equal(expected, actual with { Samples = expected.Samples });
    }

    public static IEnumerable<ulong> Ids(IEnumerable<Example> examples) => examples.Select(e => e.Id);
}
