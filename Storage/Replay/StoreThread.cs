using System.Collections.Concurrent;

namespace Edge.Storage;

/// <summary>
/// The one thread that touches a LiteDB file. LiteDB 5.0.20 corrupts its free list under concurrent writers, can decode a recycled page under concurrent reads, and binds transactions to
/// threads; with one thread none of that can happen. The queue is bounded: a caller waits when 64 pieces of work are ahead of it.
/// </summary>
internal sealed class StoreThread : IDisposable
{
    private readonly BlockingCollection<Action> work = new(64);
    private readonly Thread thread;

    public StoreThread(string name)
    {
        thread = new Thread(Run) { Name = name, IsBackground = true };
        thread.Start();
    }

    public Task<T> Post<T>(Func<T> call)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        work.Add(() =>
        {
            try
            {
                done.SetResult(call());
            }
            catch (Exception e)
            {
                done.SetException(e); // A bug or the disk: whoever asked is told; the thread lives on.
            }
        });
        return done.Task;
    }

    public void Dispose()
    {
        work.CompleteAdding();
        thread.Join();
        work.Dispose();
    }

    private void Run()
    {
        foreach (Action call in work.GetConsumingEnumerable()) call();
    }
}
