using System.Buffers.Binary;
using System.Text;

namespace Edge.Storage;

/// <summary>Which example plays which part, in memory; rebuilt from the file at start. Fresh is every example above <c>settledThrough</c> that is not an anchor.</summary>
internal sealed class ReplayIndex(ReplayBufferOptions options, uint replayStream, uint anchorStream)
{
    private const byte Version = 2, First = 1;
    private readonly RetentionPolicy replay = RetentionPolicy.Of(options.Policy, new RetentionBudget(options.Capacity, options.CapacityBytes), options.Seed, replayStream, options.SegmentSeconds);
    private readonly ClassBalancedReservoir anchors = new(options.AnchorCapacity, options.Seed, anchorStream);
    private readonly SortedSet<ulong> fresh = [];
    private readonly HashSet<long> corrupt = [];
    private readonly List<ulong> withoutPart = [];
    private readonly List<(Example Example, ExampleFacts Facts)> restored = []; // In the order of the file, which is not that of the ids.
    private ulong settledThrough;
    private long freshOverflow;

    public ulong LastId { get; private set; }

    public double LastStartSeconds { get; private set; }

    /// <summary>Examples up to this id have had their round; with the state it is on disk.</summary>
    public ulong SettledThrough => settledThrough;

    /// <summary>Examples in the file that have had their round and that nobody keeps: a copy still had them, or a full disk did not let them be deleted. <see cref="Trim"/> lets them go.</summary>
    public IReadOnlyList<ulong> WithoutPart => withoutPart;

    /// <summary>Gives an offered example its id and role.</summary>
    /// <param name="offered">The example.</param>
    /// <param name="record">Its record, whatever the role that stands there.</param>
    /// <param name="held">How much of it is held out.</param>
    /// <param name="evicted">What had to go for it.</param>
    public Example Place(Example offered, byte[] record, HeldOut held, out IReadOnlyList<ulong> evicted)
    {
        ulong id = ++LastId;
        LastStartSeconds = Math.Max(LastStartSeconds, offered.StartSeconds);
        evicted = [];
        if (held == HeldOut.InPart) return offered with { Id = id, Role = ExampleRole.None };
        var facts = FactsOf(offered with { Id = id, Role = ExampleRole.None }, record);
        var admission = held == HeldOut.Whole ? anchors.Offer(facts) : replay.Offer(facts);
        evicted = admission.Evicted;
        if (held == HeldOut.Not) fresh.Add(id);
        // What a full anchor set does not take is not trained on either: its neighbours in the block are anchors.
        var role = (held, admission.Admitted) switch
        {
            (HeldOut.Whole, true) => ExampleRole.Anchor,
            (HeldOut.Whole, false) => ExampleRole.None,
            (_, true) => ExampleRole.Replay,
            (_, false) => ExampleRole.Fresh,
        };
        return offered with { Id = id, Role = role };
    }

    /// <summary>Takes an example that the file holds; it plays its part from <see cref="Restore(byte[], long)"/> on.</summary>
    public void Restore(Example example, byte[] record) => restored.Add((example with { Samples = [] }, FactsOf(example, record)));

    private void Restore(Example example, ExampleFacts facts)
    {
        LastId = Math.Max(LastId, example.Id);
        LastStartSeconds = Math.Max(LastStartSeconds, example.StartSeconds);
        if (example.Role == ExampleRole.Anchor) anchors.Restore(facts);
        else if (example.Role == ExampleRole.Replay) replay.Restore(facts);
        if (example.Role != ExampleRole.Anchor) fresh.Add(example.Id);
    }

    /// <summary>No id up to this one is given (again).</summary>
    public void ContinueAfter(ulong id) => LastId = Math.Max(LastId, id);

    /// <summary>The document of this id failed its checksum; it counts once however often it is read.</summary>
    public void CountCorrupt(long id) => corrupt.Add(id);

    public bool IsFresh(ulong id) => fresh.Contains(id);

    public IReadOnlyList<ulong> FreshIds() => [.. fresh];

    public IEnumerable<ulong> ReplayIds() => replay.Kept.Values.SelectMany(ids => ids).Order();

    public IEnumerable<ulong> AnchorIds() => anchors.Kept.Values.SelectMany(ids => ids).Order();

    /// <summary>The newest of those that would be taken from the fresh ones if <paramref name="offeredCount"/> more came; 0: none. Only what is fresh no longer can be let go.</summary>
    public ulong OverflowThrough(int offeredCount)
    {
        int overflow = fresh.Count + offeredCount - options.FreshCapacity;
        return overflow <= 0 ? 0 : overflow >= fresh.Count ? LastId : fresh.ElementAt(overflow - 1);
    }

    /// <summary>Takes the oldest from the fresh ones until they fit; returns those that nobody keeps now.</summary>
    public IEnumerable<ulong> OverflowingFresh()
    {
        while (fresh.Count > options.FreshCapacity)
        {
            ulong oldest = fresh.Min;
            fresh.Remove(oldest);
            settledThrough = Math.Max(settledThrough, oldest);
            freshOverflow++;
            if (!replay.Holds(oldest)) yield return oldest;
        }
    }

    /// <summary>Everything up to <paramref name="throughId"/> has had its round; returns those that nobody keeps now.</summary>
    public IReadOnlyList<ulong> Settle(ulong throughId)
    {
        settledThrough = Math.Max(settledThrough, throughId);
        var gone = fresh.Where(id => id <= settledThrough && !replay.Holds(id)).ToList();
        fresh.RemoveWhere(id => id <= settledThrough);
        return gone;
    }

    /// <summary>Fits what the file held into capacities that may have become smaller; returns those that nobody keeps now, and those that only wait for a round now.</summary>
    public (IReadOnlyList<ulong> Gone, IReadOnlyList<ulong> OnlyFresh) Trim()
    {
        List<ulong> overflowed = [.. OverflowingFresh()], gone = [.. withoutPart, .. anchors.Trim(), .. overflowed];
        withoutPart.Clear();
        var released = replay.Trim().ToLookup(fresh.Contains);
        return ([.. gone, .. released[false]], [.. released[true]]);
    }

    /// <summary>Lets everything of a class go, and what was remembered of it; returns the ids that were kept.</summary>
    public IReadOnlyCollection<ulong> Forget(string className, IEnumerable<ulong> freshOfClass)
    {
        var gone = new HashSet<ulong>([.. replay.Forget(className), .. anchors.Forget(className), .. freshOfClass]);
        fresh.ExceptWith(gone);
        return gone;
    }

    public ReplayCounts Counts() => new()
    {
        Replay = options.Names.FromStored(replay.Kept.Where(pair => pair.Value.Count > 0).ToDictionary(pair => pair.Key, pair => pair.Value.Count, StringComparer.Ordinal)),
        Anchors = options.Names.FromStored(anchors.Kept.Where(pair => pair.Value.Count > 0).ToDictionary(pair => pair.Key, pair => pair.Value.Count, StringComparer.Ordinal)),
        ReplayPayloadBytes = replay.PayloadBytes,
        FreshCount = fresh.Count,
        AcknowledgedCount = LastId,
        SettledThroughId = settledThrough,
        FreshOverflowCount = freshOverflow,
        CorruptCount = corrupt.Count,
        LastStartSeconds = LastStartSeconds,
    };

    /// <summary>Version u8 = 2, last id u64, settled through u64, overflow i64, counters of the replay policy and of the anchors (kind u8, draws u64, count i32 of name and seen i64, length i32 and bytes of what is the policy's own); CRC-32C last. Strings as in a prototype bank.</summary>
    public byte[] StateBytes()
    {
        using var memory = new MemoryStream();
        using (var writer = new BinaryWriter(memory, Encoding.UTF8, leaveOpen: true))
        {
            writer.Write(Version);
            writer.Write(LastId);
            writer.Write(settledThrough);
            writer.Write(freshOverflow);
            Write(writer, replay.Counters);
            Write(writer, anchors.Counters);
            writer.Flush();
            writer.Write(Crc32C.Of(memory.GetBuffer().AsSpan(0, (int)memory.Length)));
        }

        return memory.ToArray();
    }

    /// <summary>Gives the examples of the file their parts, and reads the state back; a damaged one is counted, and the policies go on as if they had seen just what they keep.</summary>
    public void Restore(byte[]? bytes, long documentId)
    {
        foreach (var (example, facts) in restored.OrderBy(one => one.Example.Id)) Restore(example, facts);
        restored.Clear();
        if (bytes is null) return;
        if (bytes.Length < sizeof(uint) + 1 || bytes[0] is not (First or Version)
            || Crc32C.Of(bytes.AsSpan(0, bytes.Length - sizeof(uint))) != BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(bytes.Length - sizeof(uint))))
        {
            CountCorrupt(documentId);
            return;
        }

        using var reader = new BinaryReader(new MemoryStream(bytes, 1, bytes.Length - 1), Encoding.UTF8);
        LastId = Math.Max(LastId, reader.ReadUInt64());
        settledThrough = reader.ReadUInt64();
        freshOverflow = reader.ReadInt64();
        replay.Restore(ReadCounters(reader, bytes[0]));
        anchors.Restore(ReadCounters(reader, bytes[0]));
        withoutPart.AddRange(fresh.Where(id => id <= settledThrough && !replay.Holds(id)));
        fresh.RemoveWhere(id => id <= settledThrough);
    }

    /// <summary>The same state, from which on no id up to <paramref name="id"/> is given; a damaged one as it is.</summary>
    public static byte[] ContinuedAfter(ReadOnlySpan<byte> state, ulong id)
    {
        byte[] continued = state.ToArray();
        if (!Crc32C.IsLast(state) || state[0] is not (First or Version)) return continued;
        BinaryPrimitives.WriteUInt64LittleEndian(continued.AsSpan(1), Math.Max(id, BinaryPrimitives.ReadUInt64LittleEndian(state[1..])));
        BinaryPrimitives.WriteUInt32LittleEndian(continued.AsSpan(continued.Length - sizeof(uint)), Crc32C.Of(continued.AsSpan(0, continued.Length - sizeof(uint))));
        return continued;
    }

    /// <summary>The state of a store without examples in which ids up to this one have been given; the counters in it are no policy's, so every policy begins anew.</summary>
    public static byte[] EmptyAfter(ulong id)
    {
        const byte none = byte.MaxValue;
        using var memory = new MemoryStream();
        using (var writer = new BinaryWriter(memory, Encoding.UTF8, leaveOpen: true))
        {
            writer.Write(Version);
            writer.Write(id);
            writer.Write(0UL);
            writer.Write(0L);
            for (int part = 0; part < 2; part++) Write(writer, new RetentionCounters((RetentionKind)none, 0, new Dictionary<string, long>(), []));
            writer.Flush();
            writer.Write(Crc32C.Of(memory.GetBuffer().AsSpan(0, (int)memory.Length)));
        }

        return memory.ToArray();
    }

    private static void Write(BinaryWriter writer, RetentionCounters counters)
    {
        writer.Write((byte)counters.Kind);
        writer.Write(counters.Draws);
        writer.Write(counters.Seen.Count);
        foreach (var (name, count) in counters.Seen.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            writer.Write(name);
            writer.Write(count);
        }

        writer.Write(counters.Own.Length);
        writer.Write(counters.Own);
    }

    /// <summary>Version 1 knew the class-balanced reservoir only, whose own counters were not preceded by a length.</summary>
    private static RetentionCounters ReadCounters(BinaryReader reader, byte version)
    {
        var kind = version == First ? RetentionKind.ClassBalanced : (RetentionKind)reader.ReadByte();
        ulong draws = reader.ReadUInt64();
        var seen = new Dictionary<string, long>(StringComparer.Ordinal);
        for (int left = reader.ReadInt32(); left > 0; left--) seen.Add(reader.ReadString(), reader.ReadInt64());
        if (version != First) return new RetentionCounters(kind, draws, seen, reader.ReadBytes(reader.ReadInt32()));
        long start = reader.BaseStream.Position;
        for (int left = reader.ReadInt32(); left > 0; left--) reader.ReadString();
        int length = (int)(reader.BaseStream.Position - start);
        reader.BaseStream.Position = start;
        return new RetentionCounters(kind, draws, seen, reader.ReadBytes(length));
    }

    /// <summary>A descriptor is of what is stored, so that it is the same after a restart.</summary>
    private ExampleFacts FactsOf(Example example, byte[] record)
    {
        ReadOnlyMemory<float> descriptor = default;
        if (replay.TakesDescriptors && example.Role is not (ExampleRole.Anchor or ExampleRole.Fresh))
        {
            float[] stored = ExampleRecord.Read(record, example.Id)!.Samples;
            descriptor = WindowDescriptor.Of(stored, options.ChannelsOf(stored.Length));
        }

        return new ExampleFacts(example.Id, example.Class, example.StartSeconds, ExampleRecord.PayloadBytesOf(record), descriptor);
    }
}
