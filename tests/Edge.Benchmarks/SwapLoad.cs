using System.Diagnostics;
using Edge.Config;
using Edge.Runtime.Inference;
using Edge.Runtime.Learning;
using Edge.Runtime.Stages;
using Edge.Storage;

namespace Edge.Benchmarks;

/// <summary>
/// Snapshots that replace one another while windows flow: each is opened and warmed beside the flow, left in the slot, and has classified a window before the next comes. Every window's embedding is compared with what the snapshot
/// that is said to have made it makes of that window alone. Sessions are the service's: for batches of eight and shared by threads in the stage, and another that encodes and is exchanged with it.
/// </summary>
/// <param name="files">Two graphs; they take turns.</param>
/// <param name="manifest">Their description.</param>
/// <param name="windows">Windows; they are sent again and again.</param>
/// <param name="chain">Opens the sessions, as the service does: one for the stream, one beside it that encodes what was labelled; null: a chain of the default settings on the CPU.</param>
internal sealed class SwapLoad(IReadOnlyList<string> files, SnapshotManifest manifest, IReadOnlyList<float[]> windows, ProviderChain? chain = null)
{
    private const float Tolerance = 1e-6f; // Of embeddings of norm 1: a window that is scored with others is rounded otherwise. Another snapshot's differ by thousands of times as much.
    private readonly ProviderChain chain = chain ?? new ProviderChain(new InferenceSection { Providers = ["cpu"] });

    /// <summary>Runs it.</summary>
    /// <param name="warmUpCount">Swaps before memory is looked at.</param>
    /// <param name="swapCount">Swaps after that; 0: none at all, for comparison, and as many windows as <paramref name="warmUpCount"/> times 20.</param>
    /// <param name="period">Time between two windows; zero: as fast as they are taken.</param>
    /// <param name="lossless">Whether the queues wait, or drop the oldest as those of a live sensor do.</param>
    /// <param name="cancel">Stops it.</param>
    public async Task<SwapOutcome> RunAsync(int warmUpCount, int swapCount, TimeSpan period, bool lossless, CancellationToken cancel)
    {
        var expected = Expected();
        await using var pipeline = new ClassifierPipeline(manifest.Window, lossless, ringCapacity: 1024);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var first = Open(0);
        var encoder = OpenEncoder(0);
        pipeline.Slot.Swap(first, ReadOutOf(0, first));
        await pipeline.StartAsync(cancel);
        long sent = 0;
        var told = new Told();
        var producing = ProduceAsync();
        var consuming = ConsumeAsync();

        var openMs = new List<double>();
        var (before, middle, after) = (default(Taken), default(Taken), default(Taken));
        if (swapCount == 0)
        {
            while (Interlocked.Read(ref told.Count) < warmUpCount * 20L) await Task.Delay(1, cancel);
        }

        for (int swap = 1; swap <= warmUpCount + swapCount && swapCount > 0; swap++)
        {
            long start = Stopwatch.GetTimestamp();
            var next = Open(swap);
            openMs.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            var nextEncoder = OpenEncoder(swap);
            encoder.Score(windows[swap % windows.Count]); // It has lived.
            encoder.Dispose();
            encoder = nextEncoder;
            pipeline.Slot.Swap(next, ReadOutOf(swap, next));
            while (Volatile.Read(ref told.Served) != swap) await Task.Delay(1, cancel);
            if (swap == warmUpCount + swapCount / 2) middle = Taken.Now();
            if (swap != warmUpCount) continue;
            before = Taken.Now();
            told.ForgetGaps();
        }

        after = Taken.Now();
        encoder.Dispose();
        await ended.CancelAsync();
        await producing;
        while (Interlocked.Read(ref told.Count) + pipeline.State.WindowsDropped < Interlocked.Read(ref sent) && pipeline.Faults.First is null) await Task.Delay(1, cancel);
        pipeline.Flows.Predictions.Writer.Complete();
        await consuming;
        openMs.Sort();
        return new SwapOutcome
        {
            SwapCount = swapCount,
            SentCount = sent,
            PredictedCount = told.Count,
            DroppedCount = pipeline.State.WindowsDropped + pipeline.State.PredictionsDropped,
            DisorderCount = told.Disorder,
            WrongCount = told.Wrong,
            ResidentBeforeMiB = before.ResidentMiB,
            ResidentMiddleMiB = middle.ResidentMiB,
            ResidentAfterMiB = after.ResidentMiB,
            ThreadsBefore = before.ThreadCount,
            ThreadsAfter = after.ThreadCount,
            HelpersBefore = before.HelperCount,
            HelpersAfter = after.HelperCount,
            LongestGapMs = told.LongestGapMs,
            SwapGapP50Ms = told.SwapGapMs(0.5),
            SwapGapWorstMs = told.SwapGapMs(1),
            OpenP50Ms = openMs.Count > 0 ? openMs[openMs.Count / 2] : 0,
            OpenWorstMs = openMs.Count > 0 ? openMs[^1] : 0,
            LatencyP50Ms = pipeline.State.LatencyMs(50),
            LatencyP99Ms = pipeline.State.LatencyMs(99),
            LatencyWorstMs = pipeline.State.LatencyMs(100),
            Fault = pipeline.Faults.First,
        };

        async Task ProduceAsync()
        {
            using var timer = period > TimeSpan.Zero ? new PeriodicTimer(period) : null;
            try
            {
                while (!ended.IsCancellationRequested)
                {
                    if (timer is not null) await timer.WaitForNextTickAsync(ended.Token);
                    long id = sent + 1;
                    await pipeline.SendAsync((ulong)id, windows[(int)(id % windows.Count)], cancel);
                    Interlocked.Increment(ref sent);
                }
            }
            catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
            {
                // Enough.
            }
        }

        async Task ConsumeAsync()
        {
            await foreach (var prediction in pipeline.Flows.Predictions.Reader.ReadAllAsync(cancel))
            {
                pipeline.Flows.InFlight.Leave();
                if ((long)prediction.WindowId != told.Last + 1) told.Disorder++;
                told.Last = (long)prediction.WindowId;
                var kept = pipeline.Ring.Find(prediction.WindowId);
                int swap = kept?.SnapshotId is { } id ? NumberOf(id) : -1;
                if (swap < 0 || Distance(kept!.Embedding, expected[swap % 2][(int)(prediction.WindowId % (ulong)windows.Count)]) > Tolerance) told.Wrong++;
                told.Note(swap);
                Volatile.Write(ref told.Served, swap);
                Interlocked.Increment(ref told.Count);
            }
        }
    }

    private static int NumberOf(string id) => int.Parse(id.AsSpan(1, 6), System.Globalization.CultureInfo.InvariantCulture);

    private SnapshotManifest ManifestOf(int swap) => manifest with { Id = $"s{swap:D6}-01234567" };

    private Classifier Open(int swap) => chain.OpenForStream(new GraphFile(files[swap % 2]), ManifestOf(swap));

    private Classifier OpenEncoder(int swap) => chain.Open(new GraphFile(files[swap % 2]), ManifestOf(swap), AnchorExam.BatchSize);

    private static float Distance(float[] a, float[] b) => a.Length == b.Length ? a.Zip(b, (x, y) => MathF.Abs(x - y)).Max() : float.PositiveInfinity;

    private PublishedReadOut ReadOutOf(int swap, Classifier session)
    {
        var bank = new PrototypeBank(ManifestOf(swap).Id, manifest.EmbeddingLength);
        float[] embedding = new float[manifest.EmbeddingLength];
        embedding[swap % embedding.Length] = 1;
        foreach (string name in manifest.Classes) bank.Add(name, embedding);
        var branches = new BranchReadOuts(manifest.Classes, bank.ToMatrix(manifest.Classes), null, null, null, session.FrozenLength);
        return new PublishedReadOut(branches.Compose(ReadOutBlend.OfPrototypes), branches, ReadOutBlend.OfPrototypes, session.FrozenBankId);
    }

    private float[][][] Expected() => [.. Enumerable.Range(0, 2).Select(which =>
    {
        using var classifier = Open(which);
        return windows.Select(window =>
        {
            classifier.Score(window);
            return classifier.EmbeddingOf(0).ToArray();
        }).ToArray();
    })];

    /// <summary>What the process has taken of memory and threads.</summary>
    private readonly record struct Taken(double ResidentMiB, int ThreadCount, int HelperCount)
    {
        public static Taken Now()
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            GC.Collect();
            NativeMemory.ReleaseNative(); // As the service does after every round: what is free is no growth.
            string[] names = [.. Directory.EnumerateDirectories("/proc/self/task").Select(NameOf)];
            return new Taken(TrainingChild.ResidentMiB(Environment.ProcessId), names.Length, names.Count(name => name.StartsWith("inference help", StringComparison.Ordinal))); // The kernel keeps fifteen letters.
        }

        private static string NameOf(string task)
        {
            try
            {
                return File.ReadAllText(Path.Combine(task, "comm"));
            }
            catch (IOException)
            {
                return ""; // It has just ended.
            }
        }
    }

    /// <summary>What the consumer has seen; written by it, and read when it is done, but for <see cref="Count"/> and <see cref="Served"/>.</summary>
    private sealed class Told
    {
        private readonly Lock gate = new();
        private readonly List<double> swapGaps = [];
        private long latest;
        private int latestSwap = -1;

        public long Count, Last, Disorder, Wrong;
        public int Served = -1;

        /// <summary>Longest time between two predictions.</summary>
        public double LongestGapMs { get; private set; }

        /// <summary>A prediction has come.</summary>
        public void Note(int swap)
        {
            long now = Stopwatch.GetTimestamp();
            lock (gate)
            {
                double gap = latest > 0 ? Stopwatch.GetElapsedTime(latest, now).TotalMilliseconds : 0;
                LongestGapMs = Math.Max(LongestGapMs, gap);
                if (latestSwap >= 0 && swap != latestSwap) swapGaps.Add(gap);
                (latest, latestSwap) = (now, swap);
            }
        }

        /// <summary>The warm-up is over.</summary>
        public void ForgetGaps()
        {
            lock (gate)
            {
                swapGaps.Clear();
                LongestGapMs = 0;
            }
        }

        /// <summary>Time between the last prediction of a snapshot and the first of the next: the median is at 0.5, the longest at 1.</summary>
        public double SwapGapMs(double share)
        {
            lock (gate) return swapGaps.Count > 0 ? swapGaps.Order().ElementAt((int)(share * (swapGaps.Count - 1))) : 0;
        }
    }
}

/// <summary>What became of the windows.</summary>
internal sealed record SwapOutcome
{
    public required int SwapCount { get; init; }

    public required long SentCount { get; init; }

    /// <summary>Predictions; each window has one where it is <see cref="SentCount"/>.</summary>
    public required long PredictedCount { get; init; }

    /// <summary>Windows and predictions that a full queue dropped.</summary>
    public required long DroppedCount { get; init; }

    /// <summary>Predictions whose window is not the one after the window before.</summary>
    public required long DisorderCount { get; init; }

    /// <summary>Windows whose embedding is not that of the snapshot that is said to have made it.</summary>
    public required long WrongCount { get; init; }

    public required double ResidentBeforeMiB { get; init; }

    /// <summary>After half of the swaps that are counted.</summary>
    public required double ResidentMiddleMiB { get; init; }

    public required double ResidentAfterMiB { get; init; }

    /// <summary>Threads of the process.</summary>
    public required int ThreadsBefore { get; init; }

    public required int ThreadsAfter { get; init; }

    /// <summary>Of them, those that share a batch with the classifier stage: they come and go with its session.</summary>
    public required int HelpersBefore { get; init; }

    public required int HelpersAfter { get; init; }

    /// <summary>Longest time between two predictions, swap or not.</summary>
    public required double LongestGapMs { get; init; }

    /// <summary>Time between the last prediction of a snapshot and the first of the next.</summary>
    public required double SwapGapP50Ms { get; init; }

    public required double SwapGapWorstMs { get; init; }

    public required double OpenP50Ms { get; init; }

    public required double OpenWorstMs { get; init; }

    public required double LatencyP50Ms { get; init; }

    public required double LatencyP99Ms { get; init; }

    public required double LatencyWorstMs { get; init; }

    public required string? Fault { get; init; }
}
