namespace Edge.Telemetry.Mqtt;

/// <summary>
/// Reads what a connection needs from files, beside whoever waits: a file that never comes to its end (a pipe, a mount whose server is gone) must hold up neither the link nor its end. One reading at a time, so that such a file costs one
/// thread, however often a connection is tried.
/// </summary>
internal sealed class CredentialReading
{
    /// <summary>How long a reading may take, of the 10 s that a connection may.</summary>
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(5);

    private Task _latest = Task.CompletedTask;

    /// <summary>What <paramref name="read"/> makes of the files.</summary>
    /// <param name="read">Reads; may block.</param>
    /// <param name="files">Names of the files, for whoever must mend it.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Ends the wait, not the reading.</param>
    /// <exception cref="IOException">The reading, or one before it, has not come to its end.</exception>
    public async Task<T> ReadAsync<T>(Func<T> read, string files, TimeProvider time, CancellationToken cancellationToken)
    {
        if (!_latest.IsCompleted) throw new IOException(Endless(files));
        Task<T> reading = Task.Factory.StartNew(read, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        _latest = reading;
        try
        {
            return await reading.WaitAsync(s_limit, time, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            throw new IOException(Endless(files));
        }
    }

    private static string Endless(string files) => $"{files} cannot be read to the end within {s_limit.TotalSeconds:0} s; put a regular file there that this machine holds itself";
}
