using System.CommandLine;
using System.Globalization;

namespace Edge.Benchmarks;

/// <summary>
/// <c>training-step</c>: a step of the default method here, the same layer by layer, and the same in Debian's PyTorch, taking turns in one run from identical weights on an identical batch.
/// </summary>
internal static class TrainingStepBenchmark
{
    private const int FreshCount = 32, ReplayCount = 64;

    /// <summary>The verb.</summary>
    public static Command Create()
    {
        var threads = new Option<int[]>("--threads") { Description = "Thread counts, each measured on its own.", DefaultValueFactory = _ => [1, 2], AllowMultipleArgumentsPerToken = true };
        var rounds = new Option<int>("--rounds") { Description = "Rounds; in each everyone takes a turn.", DefaultValueFactory = _ => 15 };
        var steps = new Option<int>("--steps") { Description = "Steps per turn.", DefaultValueFactory = _ => 10 };
        var python = new Option<string>("--python") { Description = "Interpreter with torch.", DefaultValueFactory = _ => "/usr/bin/python3" };
        var file = new Option<string?>("--out") { Description = "File for the report, beside standard output." };
        var command = new Command("training-step", "The time of a training step against PyTorch.") { threads, rounds, steps, python, file };
        command.SetAction(parsed => Run(parsed.GetValue(threads)!, parsed.GetValue(rounds), parsed.GetValue(steps), parsed.GetValue(python)!, parsed.GetValue(file)));
        return command;
    }

    private static void Run(int[] threadCounts, int roundCount, int stepCount, string python, string? file)
    {
        List<string> lines =
        [
            "# A training step against PyTorch", "",
            $"TscilCnn, {2 * (FreshCount + ReplayCount)} windows of 9 x 128 (2 x ({FreshCount} new + {ReplayCount} replayed)): forward, SupCon + masked cross-entropy + relation distillation, backward, clipping, Adam, weight average.",
            $"Medians of {roundCount} turns of {stepCount} steps; everyone takes a turn in every round; the ratio is the median of the rounds' ratios to PyTorch. GFLOP/s counts the convolutions alone.", "",
        ];
        List<string> versions = [];
        foreach (int threadCount in threadCounts)
        {
            string saved = Path.GetTempFileName();
            try
            {
                using var edge = Peer.Edge("Edge", threadCount, FreshCount, ReplayCount, "--save", saved);
                using var plain = Peer.Edge("Edge, layer by layer", threadCount, FreshCount, ReplayCount, "--layer-by-layer");
                using var torch = Peer.Python("PyTorch", python, threadCount, FreshCount, ReplayCount, saved);
                versions = [edge.Versions[..edge.Versions.LastIndexOf(',')], torch.Versions];
                double operations = double.Parse(edge.Versions.Split(", ")[^1], CultureInfo.InvariantCulture);
                lines.AddRange(Measure([edge, plain, torch], threadCount, roundCount, stepCount, operations));
            }
            finally
            {
                File.Delete(saved);
            }
        }

        lines.AddRange(versions.Select(version => $"- {version}"));
        lines.AddRange(Machine.Facts());
        lines.Add($"- `dotnet run -c Release --project tests/Edge.Benchmarks -- training-step --threads {string.Join(' ', threadCounts)} --rounds {roundCount} --steps {stepCount}`");
        Machine.Publish(lines, file);
    }

    private static IEnumerable<string> Measure(Peer[] peers, int threadCount, int roundCount, int stepCount, double operations)
    {
        var losses = Enumerable.Range(0, 5).Select(_ => peers.Select(peer => peer.Take(1).Loss).ToArray()).ToArray(); // The warm-up as well.
        var turns = Enumerable.Range(0, roundCount).Select(round =>
        {
            var turn = new Turn[peers.Length];
            for (int i = 0; i < peers.Length; i++) turn[(round + i) % peers.Length] = peers[(round + i) % peers.Length].Take(stepCount);
            return turn;
        }).ToArray();
        yield return $"## {threadCount} thread{(threadCount == 1 ? "" : "s")}";
        yield return "";
        yield return "| | ms per step | CPU ms per step | GFLOP/s | time ratio | CPU ratio | loss of steps 1 to 5 |";
        yield return "|---|---:|---:|---:|---:|---:|---|";
        for (int i = 0; i < peers.Length; i++)
        {
            double time = Median(turns.Select(turn => turn[i].Milliseconds));
            yield return string.Create(
                CultureInfo.InvariantCulture,
                $"| {peers[i].Name} | {time:0.0} | {Median(turns.Select(turn => turn[i].CpuMilliseconds)):0.0} | {operations / time / 1e6:0} | {Median(turns.Select(turn => turn[i].Milliseconds / turn[^1].Milliseconds)):0.00} | {Median(turns.Select(turn => turn[i].CpuMilliseconds / turn[^1].CpuMilliseconds)):0.00} | {string.Join(", ", losses.Select(loss => loss[i].ToString("0.00000", CultureInfo.InvariantCulture)))} |");
        }

        yield return "";
    }

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
