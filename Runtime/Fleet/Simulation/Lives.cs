namespace Edge.Runtime.Fleet.Simulation;

/// <summary>Many lives side by side, each ended by a token of its own, so many at once: all at once would take turns for seconds. One that fails ends all.</summary>
internal sealed class Lives(int endingAtOnce) : IDisposable
{
    private readonly List<(Task Life, CancellationTokenSource End)> all = [];
    private readonly CancellationTokenSource failed = new();

    /// <summary>Cancelled when one has failed.</summary>
    public CancellationToken Failed => failed.Token;

    /// <summary>Begins one.</summary>
    /// <param name="life">Lives until its token is cancelled.</param>
    public void Begin(Func<CancellationToken, Task> life)
    {
        var end = new CancellationTokenSource();
        all.Add((LiveAsync(life, end.Token), end));
    }

    /// <summary>Ends all of them, whether or not some have failed, and then throws what the first that failed threw.</summary>
    public async Task EndAsync()
    {
        foreach (var some in all.Chunk(endingAtOnce))
        {
            foreach (var (_, end) in some) await end.CancelAsync();
            await Task.WhenAll(some.Select(one => one.Life)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await Task.WhenAll(all.Select(one => one.Life));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var (_, end) in all) end.Dispose();
        failed.Dispose();
    }

    private async Task LiveAsync(Func<CancellationToken, Task> life, CancellationToken end)
    {
        try
        {
            await life(end);
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
            // Its end.
        }
        catch
        {
            await failed.CancelAsync(); // A bug, or a disk that refuses: the others do not go on without it.
            throw;
        }
    }
}
