namespace Edge.Storage;

/// <summary>What the thread of an outbox does.</summary>
public sealed partial class Outbox
{
    private void Work()
    {
        Attempt(() => { });
        opened.Set();
        while (Wait() is { } batch)
        {
            if (!isFound || batch.Puts.Count + batch.Removals.Count > 0) Attempt(() => Execute(batch)); // Having done nothing says nothing about the disk.
            foreach (var (ids, done) in batch.Finds)
            {
                try
                {
                    done.TrySetResult(Find(ids));
                }
                catch (Exception e) when (e is IOException)
                {
                    done.TrySetException(e);
                }
            }
        }

        file.Dispose();
    }

    /// <summary>Waits until there is something to do; null when it is over.</summary>
    private Batch? Wait()
    {
        lock (gate)
        {
            while (true)
            {
                long now = Environment.TickCount64;
                if (isStopping)
                {
                    if (puts.Count + removals.Count + finds.Count == 0 || (isFailing && isLast)) return null;
                    isLast = true;
                    return TakeAll(now);
                }

                long due = DueAt();
                if (due <= now) return TakeAll(now);
                wakeAt = due;
                Monitor.Wait(gate, due == long.MaxValue ? Timeout.Infinite : (int)Math.Min(due - now, 60_000));
            }
        }
    }

    private long DueAt()
    {
        if (finds.Count > 0) return 0;
        Skip(urgent);
        Skip(lazy);
        long due = removals.Count > 0 ? removalsSince + (long)options.RemoveDelay.TotalMilliseconds : long.MaxValue;
        if (urgent.TryPeek(out Put? put)) due = Math.Min(due, DueOf(put));
        if (lazy.TryPeek(out put)) due = Math.Min(due, DueOf(put));
        return !isFailing ? due : due == long.MaxValue && isFound ? due : retryAt;
    }

    private long DueOf(Put put) =>
        put.At + (long)(put.Done is null ? options.WriteDelay : IsReachable && isPrompt && !isFailing ? options.Grace : TimeSpan.Zero).TotalMilliseconds;

    /// <summary>Everything that is due; while the far end does not answer, or at the end, whatever waits goes with it.</summary>
    private Batch TakeAll(long now)
    {
        var wanted = finds.ToArray();
        finds.Clear();
        if (isFailing && !isStopping && now < retryAt) return new Batch([], [], wanted);
        bool everything = !IsReachable || isStopping;
        List<Put> due = [.. puts.Values.Where(put => everything || DueOf(put) <= now).OrderBy(put => put.Id).Take(MostAtOnce)];
        if (!everything && due.Exists(put => put.Done is not null)) isPrompt = false;
        foreach (var put in due) put.IsOnItsWay = true;
        return new Batch(due, [.. removals], wanted);
    }

    private void Execute(Batch batch)
    {
        if (batch.Puts.Count + batch.Removals.Count == 0) return;
        if (batch.Puts.Count > 0)
        {
            LeaveRoom();
            mark.Reserve((ulong)batch.Puts[^1].Id);
        }

        file.Change(batch.Removals, [.. batch.Puts.Select(put => (put.Id, put.Record()))]);
        lock (gate)
        {
            foreach (var put in batch.Puts)
            {
                puts.Remove(put.Id);
                put.Done?.TrySetResult(true);
            }

            removals.ExceptWith(batch.Removals);
            removalsSince = Environment.TickCount64;
            health = health with { ChangeCount = health.ChangeCount + 1 };
        }

        if (batch.Puts.Count > 0) owner.Written([.. batch.Puts.Select(put => put.Id)]);
        file.Shrink(options.ShrinkBytes);
    }

    private Dictionary<long, byte[]> Find(IReadOnlyCollection<long> ids)
    {
        var waiting = new List<Put>();
        lock (gate)
        {
            foreach (long id in ids)
            {
                if (puts.TryGetValue(id, out Put? put)) waiting.Add(put);
            }
        }

        Dictionary<long, byte[]> found;
        try
        {
            found = file.Find(ids);
        }
        catch (DamagedFileException e)
        {
            var salvaged = BeginAnewOrNote(e.Message);
            found = ids.Where(salvaged.ContainsKey).ToDictionary(id => id, id => salvaged[id]);
        }

        foreach (var put in waiting) found.TryAdd(put.Id, put.Record());
        return found;
    }

    /// <summary>Does it, after what an earlier life left has been found; a refusal is noted, and a damaged file begun anew.</summary>
    private void Attempt(Action action)
    {
        try
        {
            try
            {
                FindFirst();
                action();
            }
            catch (DamagedFileException e)
            {
                BeginAnew(e.Message);
                FindFirst();
                action();
            }

            Note(null);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Note(e.Message);
        }
    }

    private void FindFirst()
    {
        if (isFound) return;
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(options.Path))!);
        file.Read((id, _) => FirstId = Math.Max(FirstId, id + 1)); // To the end before anything is told; and again to tell, so that a long backlog is never in memory as a whole.
        file.Read((id, record) => owner.Found(id, record));
        isFound = true;
    }

    /// <summary>Puts the file aside. What is whole of it waits to be written again, and the owner is told of it, or of what is lost.</summary>
    private Dictionary<long, byte[]> BeginAnew(string why)
    {
        long[] before = [.. file.Ids];
        var (aside, salvaged) = file.PutAside(time.GetUtcNow());
        var whole = salvaged.ToDictionary(record => record.Id, record => record.Record);
        long[] lost = isFound ? [.. before.Where(id => !whole.ContainsKey(id))] : [];
        lock (gate)
        {
            health = health with
            {
                DamagedCount = health.DamagedCount + 1,
                LastDamage = $"'{options.Path}' was damaged ({why}) and is now '{aside}'; {salvaged.Count} records salvaged, {(isFound ? $"{lost.Length} lost" : "how many are lost is not known")}",
            };
            foreach (var (id, record) in salvaged)
            {
                if (removals.Contains(id) || puts.ContainsKey(id)) continue;
                var put = new Put(id, () => record, 0, null);
                puts.Add(id, put);
                lazy.Enqueue(put);
            }
        }

        foreach (var (id, record) in isFound ? [] : salvaged)
        {
            FirstId = Math.Max(FirstId, id + 1);
            owner.Found(id, record);
        }

        if (lost.Length > 0) owner.Lost(lost);
        owner.Damaged(Health.LastDamage!);
        return whole;
    }

    /// <summary>The same while records are read back: what the disk refuses is said, since nobody else notes it.</summary>
    private Dictionary<long, byte[]> BeginAnewOrNote(string why)
    {
        try
        {
            var salvaged = BeginAnew(why);
            Note(null);
            return salvaged;
        }
        catch (IOException e)
        {
            Note(e.Message);
            throw;
        }
    }

    private void LeaveRoom()
    {
        long free = new DriveInfo(System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(options.Path))!).AvailableFreeSpace;
        if (free < options.ReserveBytes) throw new IOException($"'{options.Path}' is not written to: {free} bytes are free, {options.ReserveBytes} are left to others.");
    }

    private void Note(string? problem)
    {
        bool isChanged;
        lock (gate)
        {
            isChanged = isFailing != problem is not null;
            isFailing = problem is not null;
            pause = !isFailing ? TimeSpan.Zero : pause == TimeSpan.Zero ? options.MaxPause / 100 : pause * 2 < options.MaxPause ? pause * 2 : options.MaxPause;
            retryAt = Environment.TickCount64 + (long)pause.TotalMilliseconds;
            if (isFailing)
            {
                foreach (var put in puts.Values) put.Done?.TrySetResult(false);
            }

            health = health with
            {
                Problem = problem,
                RefusedCount = health.RefusedCount + (isFailing ? 1 : 0),
                Count = file.Ids.Count,
                FileBytes = file.FileBytes,
                WrittenBytes = file.WrittenBytes,
            };
        }

        if (isChanged) owner.Changed(Health);
    }
}
