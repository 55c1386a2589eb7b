using System.Threading.Channels;
using Edge.Runtime.Updates.Checks;
using Edge.Telemetry.Messages;

namespace Edge.Runtime.Updates.Offers;

/// <summary>A snapshot that was fetched whole, on its way to the learner.</summary>
/// <param name="Offer">What was signed of it.</param>
/// <param name="Directory">Folder with its files.</param>
/// <param name="Judged">Completes when the learner is done with the folder.</param>
public sealed record ReceivedSnapshot(SnapshotOffer Offer, string Directory, TaskCompletionSource Judged)
{
    /// <summary>Counts on disk that judging begins, since it may end the process; false when the disk refuses, and then it must not begin.</summary>
    public Func<bool> Begin { get; init; } = () => true;

    /// <summary>Judging was broken off by the service itself: that was no attempt.</summary>
    public Action BreakOff { get; init; } = () => { };
}

/// <summary>What a running service is to offered snapshots.</summary>
public sealed record IntakeSurroundings
{
    /// <summary>The device as it is now.</summary>
    public required Func<OfferFacts> Facts { get; init; }

    /// <summary>SHA-256 of the running snapshot's graph.</summary>
    public required Func<string?> RunningGraph { get; init; }

    /// <summary>Asks for pieces; must not block.</summary>
    public required Action<SnapshotRequestMessage> Ask { get; init; }

    /// <summary>Hears why an offer is not taken.</summary>
    public required Action<SnapshotOffer?, IReadOnlyList<Reason>> Refuse { get; init; }
}

/// <summary>
/// Fetches what is offered: an offer that passes its checks is asked for, four pieces at a time, until all are on disk; then the learner judges it. Whoever offers may go away and come back, and so may this device: what is there stays, and
/// what is missing is asked for again, at first after two seconds, then ever more rarely, at most once a minute. One offer at a time: a newer one takes its place, or, while the learner judges, waits; one that the same key has offered before it is refused. That judging begins is counted on
/// disk before it does: an offer during which the process ended <c>updates.trialAttempts</c> times is refused, so that none can end every start. Safe from any thread.
/// </summary>
/// <param name="directory">The folder <c>incoming</c> of the data directory.</param>
/// <param name="around">The service.</param>
/// <param name="time">The clock.</param>
public sealed class SnapshotIntake(string directory, IntakeSurroundings around, TimeProvider time)
{
    /// <summary>Pieces that are asked for at once: what a slow link takes within the two seconds, and a queue of a broker holds.</summary>
    public const int AskedAtOnce = 4;

    private static readonly TimeSpan s_firstPatience = TimeSpan.FromSeconds(2), s_longestPatience = TimeSpan.FromMinutes(1);
    private readonly Lock gate = new();
    private readonly JudgedOffers judged = JudgedOffers.Load(directory);
    private readonly Channel<bool> news = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite }); // A level, not a queue.
    private readonly HashSet<string> told = new(StringComparer.Ordinal);
    private IncomingSnapshot? incoming;
    private string incomingId = "", incomingKey = "";
    private bool isWithLearner;
    private HashSet<int> asked = [];
    private ReadOnlyMemory<byte>? waiting; // The latest offer that came while the learner had another.

    /// <summary>Snapshots that are complete; the learner reads.</summary>
    public Channel<ReceivedSnapshot> Complete { get; } = Channel.CreateBounded<ReceivedSnapshot>(1);

    /// <summary>Judges an offer, and begins to fetch it, or goes on with it.</summary>
    public void TakeOffer(ReadOnlyMemory<byte> message)
    {
        lock (gate)
        {
            var facts = around.Facts();
            var verdict = OfferCheck.Judge(message, facts);
            if (verdict.Reasons.Count > 0)
            {
                // A retained offer comes with every connection, and for a group that is not ours it is no news at all.
                if (verdict.Reasons[0].Code != ReasonCode.NotForThisDevice) RefuseOnce(verdict.Id.Length > 0 ? verdict.Id : SnapshotOffer.HashOf(message.Span), verdict.Offer, verdict.Reasons);
                return;
            }

            var offer = verdict.Offer!;
            if (judged.Contains(verdict.Id) || offer.Files[0].Sha256 == around.RunningGraph()) return;
            if (Newest(verdict.KeyId) is { } newest && offer.OfferedAt < newest)
            {
                RefuseOnce(verdict.Id, offer, [new Reason(ReasonCode.VersionOlder, $"it was offered at {offer.OfferedAt:u}, and another by the same key at {newest:u}; to have it looked at, offer it again ('edge snapshot publish')")]);
                return;
            }

            if (isWithLearner)
            {
                if (verdict.Id != incomingId) waiting = message;
                return;
            }

            try
            {
                if (incomingId != verdict.Id)
                {
                    (incoming, incomingId, asked) = (null, "", []); // Its pieces go first, and what was asked for is not asked of this one.
                    incoming = IncomingSnapshot.Open(directory, offer);
                    (incomingId, incomingKey) = (verdict.Id, verdict.KeyId);
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                RefuseOnce(verdict.Id, offer, [new Reason(ReasonCode.NotWritten, e.Message)]);
                return;
            }
        }

        news.Writer.TryWrite(true);
    }

    /// <summary>Keeps a piece that was asked for; any other is let go.</summary>
    public void TakeChunk(ReadOnlyMemory<byte> message)
    {
        lock (gate)
        {
            if (incoming is null || isWithLearner || asked.Count == 0) return; // Nobody has asked.
            try
            {
                var chunk = SnapshotChunk.Read(message.Span);
                if (chunk.Sha256 != incoming.Offer.Sha256 || !asked.Contains(chunk.Index)) return;
                if (!incoming.Keep(chunk.Index, chunk.Data))
                {
                    RefuseOnce(incomingId + "/chunk", incoming.Offer, [new Reason(ReasonCode.ChunkDamaged, $"piece {chunk.Index} is not what the offer says; it was changed on the way. Nothing of it was kept, and it is asked for again")]);
                    return;
                }

                asked.Remove(chunk.Index);
            }
            catch (FormatException)
            {
                return; // Whoever wrote this did not offer anything.
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                RefuseOnce(incomingId + "/disk", incoming.Offer, [new Reason(ReasonCode.NotWritten, $"{e.Message} It is asked for again")]);
                return;
            }

            if (asked.Count > 0) return;
        }

        news.Writer.TryWrite(true);
    }

    /// <summary>Asks for what is missing, and hands over what is complete, until the service stops.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        var patience = s_firstPatience;
        while (true)
        {
            news.Reader.TryRead(out _); // Whatever it told of is seen now.
            var (next, received) = Next();
            if (received is not null)
            {
                await Complete.Writer.WriteAsync(received, stopping);
                await received.Judged.Task.WaitAsync(stopping);
                Forget();
                continue;
            }

            if (next is not null) around.Ask(next);
            bool hasNews = await HasNewsAsync(next is null ? Timeout.InfiniteTimeSpan : patience, stopping);
            patience = hasNews || next is null ? s_firstPatience : patience * 2 < s_longestPatience ? patience * 2 : s_longestPatience;
        }
    }

    private (SnapshotRequestMessage? Ask, ReceivedSnapshot? Received) Next()
    {
        lock (gate)
        {
            if (incoming is not { } current) return (null, null);
            if (!current.IsComplete)
            {
                var missing = current.Missing(AskedAtOnce);
                asked = [.. missing];
                return (new SnapshotRequestMessage { Sha256 = current.Offer.Sha256, Chunks = missing, HeldCount = current.HeldCount, ChunkCount = current.Offer.Chunks.Count }, null);
            }

            try
            {
                int most = around.Facts().Config.Updates.TrialAttempts;
                if (current.AttemptsOf(incomingId) is var attempts && attempts >= most)
                {
                    judged.Add(incomingId, incomingKey, current.Offer.OfferedAt);
                    current.Delete();
                    RefuseOnce(incomingId + "/attempts", current.Offer, [new Reason(ReasonCode.TooManyAttempts, $"the service ended {attempts} {(attempts == 1 ? "time" : "times")} while it was judged; updates.trialAttempts is {most}. Offer it again once it is known why ('edge snapshot publish')")]);
                    (incoming, incomingId) = (null, "");
                    return (null, null);
                }

                if (current.Assemble() is { } folder)
                {
                    isWithLearner = true;
                    string id = incomingId;
                    return (null, new ReceivedSnapshot(current.Offer, folder, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously))
                    {
                        Begin = () => TryNote(current, id, attempts + 1),
                        BreakOff = () => TryNote(current, id, attempts),
                    });
                }

                RefuseOnce(incomingId + "/whole", current.Offer, [new Reason(ReasonCode.Malformed, "its pieces are what the offer says, and its files are not: the offer contradicts itself")]);
                judged.Add(incomingId, incomingKey, current.Offer.OfferedAt);
            }
            catch (Exception e) when (!current.IsComplete && e is InvalidDataException)
            {
                RefuseOnce(incomingId + "/piece", current.Offer, [new Reason(ReasonCode.ChunkDamaged, e.Message)]);
                news.Writer.TryWrite(true);
                return (null, null);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                RefuseOnce(incomingId + "/disk", current.Offer, [new Reason(ReasonCode.NotWritten, $"{e.Message} What was fetched is kept, and it is put together when the offer comes again")]);
            }

            (incoming, incomingId) = (null, "");
            return (null, null);
        }
    }

    /// <summary>When the newest one by a key was offered, of those that were judged or are fetched now.</summary>
    private DateTimeOffset? Newest(string keyId) => incoming is { } current && incomingId.Length > 0 && incomingKey == keyId && !(judged.NewestOf(keyId) > current.Offer.OfferedAt) ? current.Offer.OfferedAt : judged.NewestOf(keyId);

    private bool TryNote(IncomingSnapshot current, string id, int attempts)
    {
        try
        {
            current.NoteAttempts(id, attempts);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            lock (gate) RefuseOnce(id + "/disk", current.Offer, [new Reason(ReasonCode.NotWritten, $"{e.Message} That judging begins must be on disk first; offer it again")]);
            return false;
        }
    }

    /// <summary>The learner has judged it: nothing of it is left here, and what was offered meanwhile has its turn.</summary>
    private void Forget()
    {
        ReadOnlyMemory<byte>? next;
        lock (gate)
        {
            judged.Add(incomingId, incomingKey, incoming!.Offer.OfferedAt);
            try
            {
                incoming.Delete();
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // The next offer deletes it.
            }

            (incoming, incomingId, isWithLearner, asked) = (null, "", false, []);
            (next, waiting) = (waiting, null);
        }

        if (next is { } offer) TakeOffer(offer);
    }

    private async Task<bool> HasNewsAsync(TimeSpan patience, CancellationToken stopping)
    {
        using var late = new CancellationTokenSource(patience, time); // A timer of our own could ring after its source was disposed of.
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, stopping);
        try
        {
            return await news.Reader.ReadAsync(either.Token);
        }
        catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
        {
            return false;
        }
    }

    private void RefuseOnce(string id, SnapshotOffer? offer, IReadOnlyList<Reason> reasons)
    {
        if (told.Count >= 1024) told.Clear();
        if (told.Add($"{id} {string.Join(' ', reasons.Select(reason => reason.Word))}")) around.Refuse(offer, reasons);
    }
}
