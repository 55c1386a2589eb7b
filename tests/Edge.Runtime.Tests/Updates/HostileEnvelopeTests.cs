namespace Edge.Runtime.Tests.Updates;

/// <summary>What an enemy, or a bad line, makes of envelopes and of files: nothing is accepted that should not be, nothing throws, everything is answered with a reason.</summary>
public sealed class HostileEnvelopeTests(ITestOutputHelper report) : IDisposable
{
    private readonly HostileEnvelopes hostile = new();

    public void Dispose() => hostile.Dispose();

    [Fact]
    public async Task Of_500_mutated_envelopes_none_is_accepted_none_throws_and_each_has_a_reason_code()
    {
        var outcome = await hostile.DeliverAsync(500);
        for (int kind = 0; kind < outcome.Codes.Count; kind++)
            report.WriteLine($"{HostileEnvelopes.Kinds[kind].Kind}: {string.Join(", ", outcome.Codes[kind].Select(pair => $"{pair.Key} {pair.Value}"))}");
        Assert.Empty(outcome.Problems);
        Assert.True(outcome.Answers >= 500, $"{outcome.Answers} answers");
        Assert.Empty(HostileEnvelopes.Kinds.SelectMany(kind => kind.Codes).Except(outcome.Codes.SelectMany(codes => codes.Keys))); // Or the mutations test less than they say.
    }

    [Fact]
    public void Of_300_mutated_files_none_keeps_the_device_from_starting_and_none_runs_half() => Assert.Empty(hostile.MutateFiles(300));
}
