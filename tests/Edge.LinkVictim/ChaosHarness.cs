using System.Collections.Concurrent;
using System.Diagnostics;

namespace Edge.LinkVictim;

/// <summary>Disturbs broker, network and device at random, then lets everything settle and compares. mosquitto_sub with a session of its own is the witness.</summary>
public static class ChaosHarness
{
    private static readonly string[] s_kinds = ["stop", "freeze", "restart", "hold", "drop", "kill"];
    private static readonly TimeSpan s_settle = TimeSpan.FromMinutes(5); // Only so that a run can fail.

    /// <summary>Runs a plan.</summary>
    public static async Task<ChaosReport> RunAsync(ChaosPlan plan, Action<string> tell, CancellationToken cancel)
    {
        string folder = Directory.CreateTempSubdirectory("edge-chaos-").FullName;
        using var broker = new Broker(Path.Combine(folder, "broker"));
        await broker.StartAsync();
        await using var relay = new Relay(broker.Port);
        using var witness = Witness.Start(broker.Port);
        await witness.ReadyAsync(broker.Port);
        var random = new Random(plan.Seed);
        using var standstill = new Standstill();
        var ledger = new Ledger(standstill);
        var cyclesOf = s_kinds.ToDictionary(kind => kind, _ => 0);
        var child = Child.Start(relay.Port, Path.Combine(folder, "device"), plan.Rate, ledger);
        try
        {
            double cycle = plan.Duration.TotalSeconds / plan.CycleCount, longest = Math.Min(cycle * 0.8, 3 * Device.KeepAlive.TotalSeconds);
            for (int i = 0; i < plan.CycleCount; i++)
            {
                string kind = i < s_kinds.Length ? s_kinds[i] : s_kinds[random.Next(s_kinds.Length)];
                cyclesOf[kind]++;
                double held = longest * (0.2 + 0.8 * random.NextDouble()), rest = cycle - held;
                bool killsMeanwhile = kind != "kill" && random.Next(3) == 0;
                await Task.Delay(TimeSpan.FromSeconds(rest * random.NextDouble()), cancel);
                long begun = Stopwatch.GetTimestamp();
                switch (kind)
                {
                    case "stop": await broker.StopAsync(); break;
                    case "freeze": broker.Freeze(); ledger.Frozen(); break;
                    case "restart": await broker.StopAsync(); await broker.StartAsync(); break;
                    case "hold": relay.Weather = Weather.Held; break;
                    case "drop": relay.Weather = Weather.Dropping; break;
                }

                if (kind is not ("restart" or "kill")) await Task.Delay(TimeSpan.FromSeconds(held / 2), cancel);
                if (kind == "kill" || killsMeanwhile)
                {
                    await child.KillAsync();
                    child = Child.Start(relay.Port, Path.Combine(folder, "device"), plan.Rate, ledger);
                    ledger.Thawed();
                }

                if (kind is not ("restart" or "kill")) await Task.Delay(TimeSpan.FromSeconds(held / 2), cancel);
                ledger.Thawed();
                if (kind == "stop") await broker.StartAsync();
                if (kind == "freeze") broker.Thaw();
                relay.Weather = Weather.Clear;
                tell($"{i + 1}: {kind}{(killsMeanwhile ? " and kill" : "")} for {Stopwatch.GetElapsedTime(begun).TotalSeconds:0.0} s; {ledger.Acknowledged.Count} acknowledged, {witness.Numbers.Count} arrived");
                await Task.Delay(TimeSpan.FromSeconds(Math.Max(0, cycle * (i + 1)) - Math.Min(cycle * (i + 1), ledger.Elapsed)), cancel);
            }

            double share = ledger.LastOffered / (plan.Rate * ledger.Elapsed);
            bool ended = await child.FinishAsync(s_settle);
            await WaitAsync(() => ledger.Acknowledged.IsSubsetOf(witness.Numbers), s_settle);
            var report = Compare(plan, ledger, witness, cyclesOf, share, ended);
            if (report.Problems.Count == 0) Directory.Delete(folder, recursive: true);
            return report;
        }
        finally
        {
            await child.KillAsync();
        }
    }

    private static ChaosReport Compare(ChaosPlan plan, Ledger ledger, Witness witness, Dictionary<string, int> cyclesOf, double share, bool ended)
    {
        var problems = new List<string>();
        if (!ended) problems.Add($"the device did not deliver what waited within {s_settle.TotalSeconds} s");
        var (first, duplicates) = (new HashSet<long>(), 0);
        var seen = new HashSet<(string Boot, long Seq)>();
        long last = 0;
        foreach (var (boot, seq, number) in witness.All)
        {
            if (!seen.Add((boot, seq)))
            {
                duplicates++;
                continue;
            }

            if (number <= last) problems.Add($"message {number} arrived after {last}");
            last = Math.Max(last, number);
            first.Add(number);
        }

        problems.AddRange(ledger.Acknowledged.Where(number => !first.Contains(number)).Take(10).Select(number => $"message {number} was acknowledged and never arrived"));
        int missing = ledger.Acknowledged.Count(number => !first.Contains(number));
        if (missing > 10) problems.Add($"{missing} messages were lost in all");
        if (ledger.PeakQueueBytes > Device.MemoryBytes) problems.Add($"the queue took {ledger.PeakQueueBytes} bytes of memory; {Device.MemoryBytes} is its limit");
        if (ledger.PeakRssBytes > plan.MostRssBytes) problems.Add($"a device process took {ledger.PeakRssBytes >> 20} MiB of memory; {plan.MostRssBytes >> 20} is the limit");
        if (share < plan.LeastOfferedShare) problems.Add($"only {100 * share:0} % of the messages that the rate asks for were offered; {100 * plan.LeastOfferedShare:0} is the least that says something: use a machine that does nothing else");
        return new ChaosReport
        {
            CyclesOf = cyclesOf, OfferedCount = ledger.LastOffered, OfferedShare = share, AcknowledgedCount = ledger.Acknowledged.Count, ArrivedCount = first.Count, DuplicateCount = duplicates, PeakRssBytes = ledger.PeakRssBytes,
            PeakQueuedCount = ledger.PeakQueuedCount, PeakQueueBytes = ledger.PeakQueueBytes, Noticed = [.. ledger.Noticed], Problems = problems,
        };
    }

    private static async Task WaitAsync(Func<bool> condition, TimeSpan limit)
    {
        long start = Stopwatch.GetTimestamp();
        while (!condition() && Stopwatch.GetElapsedTime(start) < limit) await Task.Delay(50);
    }

    /// <summary>How long the machine had no time for anybody.</summary>
    private sealed class Standstill : IDisposable
    {
        private static readonly TimeSpan s_tick = TimeSpan.FromMilliseconds(10);
        private readonly CancellationTokenSource ending = new();
        private long longestTicks;

        public Standstill() => new Thread(Watch) { IsBackground = true, Name = "standstill" }.Start();

        public double Longest => TimeSpan.FromTicks(Interlocked.Read(ref longestTicks)).TotalSeconds;

        public void Forget() => Interlocked.Exchange(ref longestTicks, 0);

        public void Dispose() => ending.Cancel();

        private void Watch()
        {
            for (long last = Stopwatch.GetTimestamp(); !ending.IsCancellationRequested;)
            {
                Thread.Sleep(s_tick);
                long now = Stopwatch.GetTimestamp(), late = (Stopwatch.GetElapsedTime(last, now) - s_tick).Ticks;
                if (late > Interlocked.Read(ref longestTicks)) Interlocked.Exchange(ref longestTicks, late);
                last = now;
            }
        }
    }

    /// <summary>What the devices said, one after another.</summary>
    private sealed class Ledger(Standstill standstill)
    {
        private readonly long start = Stopwatch.GetTimestamp();
        private readonly Lock gate = new();
        private readonly SortedSet<long> acknowledged = [];
        private long frozenAt;

        public SortedSet<long> Acknowledged
        {
            get
            {
                lock (gate) return [.. acknowledged];
            }
        }

        public double Elapsed => Stopwatch.GetElapsedTime(start).TotalSeconds;

        public long LastOffered { get; private set; }

        public long PeakRssBytes { get; private set; }

        public long PeakQueuedCount { get; private set; }

        public long PeakQueueBytes { get; private set; }

        public ConcurrentQueue<NoticedHang> Noticed { get; } = new();

        public void Frozen()
        {
            standstill.Forget();
            Interlocked.Exchange(ref frozenAt, Stopwatch.GetTimestamp());
        }

        public void Thawed() => Interlocked.Exchange(ref frozenAt, 0);

        public void Note(string line)
        {
            string[] words = line.Split(' ');
            lock (gate)
            {
                switch (words[0])
                {
                    case "offer": LastOffered = long.Parse(words[1]); break;
                    case "ack": acknowledged.Add(long.Parse(words[1])); break;
                    case "down" when Interlocked.Exchange(ref frozenAt, 0) is > 0 and var since: Noticed.Enqueue(new NoticedHang(Stopwatch.GetElapsedTime(since).TotalSeconds, standstill.Longest)); break;
                    case "memory":
                        PeakRssBytes = Math.Max(PeakRssBytes, long.Parse(words[1]));
                        PeakQueuedCount = Math.Max(PeakQueuedCount, long.Parse(words[2]));
                        PeakQueueBytes = Math.Max(PeakQueueBytes, long.Parse(words[3]));
                        break;
                }
            }
        }
    }

    /// <summary>A device process.</summary>
    private sealed class Child(Process process, Ledger ledger)
    {
        private readonly Task reading = Task.Run(() =>
        {
            while (process.StandardOutput.ReadLine() is { } line) ledger.Note(line); // What it had said before it was killed counts.
        });

        public static Child Start(int port, string data, double rate, Ledger ledger)
        {
            string program = Path.Combine(AppContext.BaseDirectory, "Edge.LinkVictim");
            string[] arguments = ["device", "--port", $"{port}", "--data", data, "--rate", $"{rate}", "--first", $"{ledger.LastOffered + 1}"];
            return new Child(Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardInput = true })!, ledger);
        }

        /// <summary>SIGKILL.</summary>
        public async Task KillAsync()
        {
            if (!process.HasExited) process.Kill();
            await process.WaitForExitAsync();
            await reading;
        }

        /// <summary>Lets it deliver what waits.</summary>
        public async Task<bool> FinishAsync(TimeSpan limit)
        {
            await process.StandardInput.WriteLineAsync("stop");
            await WaitAsync(() => process.HasExited, limit);
            if (process.HasExited) await reading;
            return process.HasExited && process.ExitCode == 0;
        }
    }

    /// <summary>mosquitto_sub with a session that the broker keeps.</summary>
    private sealed class Witness : IDisposable
    {
        private readonly Process process;
        private readonly ConcurrentQueue<(string Boot, long Seq, long Number)> seen = new();
        private readonly ConcurrentDictionary<long, bool> numbers = new();
        private volatile bool isReady;

        private Witness(Process process)
        {
            this.process = process;
            process.OutputDataReceived += (_, line) =>
            {
                if (line.Data?.Split(' ') is not { Length: >= 3 } words) return;
                if (words[0] == "ready") isReady = true;
                else
                {
                    numbers[long.Parse(words[2])] = true;
                    seen.Enqueue((words[0], long.Parse(words[1]), long.Parse(words[2])));
                }
            };
            process.BeginOutputReadLine();
        }

        public IReadOnlyList<(string Boot, long Seq, long Number)> All => [.. seen];

        public IReadOnlyCollection<long> Numbers => (IReadOnlyCollection<long>)numbers.Keys;

        public static Witness Start(int port) => new(Process.Start(new ProcessStartInfo(
            Broker.Find("mosquitto_sub")!, ["-h", "127.0.0.1", "-p", $"{port}", "-V", "311", "-i", "chaos-witness", "-c", "-q", "1", "-k", "5", "-t", "chaos/#", "-F", "%p"]) { RedirectStandardOutput = true })!);

        public async Task ReadyAsync(int port)
        {
            using (var publish = Process.Start(Broker.Find("mosquitto_pub")!, ["-h", "127.0.0.1", "-p", $"{port}", "-q", "1", "-r", "-t", "chaos/ready", "-m", "ready 0 0"])) await publish.WaitForExitAsync();
            await WaitAsync(() => isReady, s_settle);
            if (!isReady) throw new InvalidOperationException($"mosquitto_sub has no subscription after {s_settle.TotalMinutes:0} min");
            using var clear = Process.Start(Broker.Find("mosquitto_pub")!, ["-h", "127.0.0.1", "-p", $"{port}", "-q", "1", "-r", "-n", "-t", "chaos/ready"]);
            await clear.WaitForExitAsync();
        }

        public void Dispose()
        {
            process.Kill();
            process.Dispose();
        }
    }
}
