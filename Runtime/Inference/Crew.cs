using System.Runtime.ExceptionServices;

namespace Edge.Runtime.Inference;

/// <summary>
/// Threads that take the parts of a piece of work from one another, and from the thread that has it. They sleep in between; a piece allocates nothing. A part that no thread has taken when the caller is done with its own is the
/// caller's, so that a thread that is slow to wake costs no more than its help.
/// </summary>
/// <typeparam name="T">A part.</typeparam>
internal sealed class Crew<T> : IDisposable
{
    private readonly object gate = new(); // Monitor, for its Wait.
    private readonly Action<T> run;
    private readonly Thread[] helpers;
    private T[] parts = [];
    private int nextPart, unfinished;
    private ExceptionDispatchInfo? error;
    private bool ended;

    /// <summary>Starts the threads.</summary>
    /// <param name="helperCount">How many, beside the caller's.</param>
    /// <param name="run">Runs a part; called from several threads at a time, each with parts of its own.</param>
    public Crew(int helperCount, Action<T> run)
    {
        this.run = run;
        helpers = [.. Enumerable.Range(1, helperCount).Select(i => new Thread(Help) { IsBackground = true, Name = $"inference helper {i}" })];
        foreach (var helper in helpers) helper.Start();
    }

    /// <summary>Runs all parts and returns when the last is done. For one caller at a time.</summary>
    /// <exception cref="Exception">Whatever the first part that failed has thrown; the other parts have ended too.</exception>
    public void Run(T[] work)
    {
        lock (gate)
        {
            (parts, nextPart, unfinished, error) = (work, 0, work.Length, null);
            Monitor.PulseAll(gate);
        }

        while (Take(out var part)) Finish(part);
        lock (gate)
        {
            while (unfinished > 0) Monitor.Wait(gate);
            parts = [];
            error?.Throw();
        }
    }

    /// <summary>Ends the threads. Not while <see cref="Run"/> runs.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            ended = true;
            Monitor.PulseAll(gate);
        }

        foreach (var helper in helpers) helper.Join();
    }

    private void Help()
    {
        while (WaitForPart(out var part)) Finish(part);
    }

    private bool WaitForPart(out T part)
    {
        lock (gate)
        {
            while (!ended && nextPart >= parts.Length) Monitor.Wait(gate);
            part = ended ? default! : parts[nextPart++];
            return !ended;
        }
    }

    private bool Take(out T part)
    {
        lock (gate)
        {
            bool isLeft = nextPart < parts.Length;
            part = isLeft ? parts[nextPart++] : default!;
            return isLeft;
        }
    }

    private void Finish(T part)
    {
        ExceptionDispatchInfo? failure = null;
        try
        {
            run(part);
        }
        catch (Exception e)
        {
            failure = ExceptionDispatchInfo.Capture(e);
        }

        lock (gate)
        {
            error ??= failure;
            if (--unfinished == 0) Monitor.PulseAll(gate);
        }
    }
}
