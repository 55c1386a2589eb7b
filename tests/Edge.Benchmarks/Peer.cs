using System.Diagnostics;
using System.Globalization;

namespace Edge.Benchmarks;

/// <summary>A child process that takes training steps when told to; see <see cref="Stepper"/> for what is said.</summary>
internal sealed class Peer : IDisposable
{
    private readonly Process process;

    private Peer(string name, ProcessStartInfo start, int threadCount)
    {
        Name = name;
        (start.RedirectStandardInput, start.RedirectStandardOutput) = (true, true);
        start.Environment["OMP_NUM_THREADS"] = threadCount.ToString(CultureInfo.InvariantCulture);
        start.Environment["OMP_WAIT_POLICY"] = "PASSIVE"; // The peer that waits must not spin on the core of the one that works.
        process = Process.Start(start) ?? throw new InvalidOperationException($"{start.FileName} does not start.");
        Versions = Answer();
    }

    /// <summary>For the table.</summary>
    public string Name { get; }

    /// <summary>What it says it is.</summary>
    public string Versions { get; }

    /// <summary>This program as a stepper.</summary>
    public static Peer Edge(string name, int threadCount, int freshCount, int replayCount, params string[] more) => new(
        name,
        new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "Edge.Benchmarks"), ["stepper", "--threads", $"{threadCount}", "--fresh", $"{freshCount}", "--replay", $"{replayCount}", .. more]),
        threadCount);

    /// <summary>The PyTorch of <paramref name="python"/>.</summary>
    public static Peer Python(string name, string python, int threadCount, int freshCount, int replayCount, string file) => new(
        name,
        new ProcessStartInfo(python, [Path.Combine(AppContext.BaseDirectory, "training_step.py"), file, $"{threadCount}", $"{freshCount}", $"{replayCount}"]),
        threadCount);

    /// <summary>Lets it take steps and waits.</summary>
    public Turn Take(int stepCount)
    {
        process.StandardInput.WriteLine(stepCount.ToString(CultureInfo.InvariantCulture));
        process.StandardInput.Flush();
        double[] numbers = [.. Answer().Split(' ').Select(word => double.Parse(word, CultureInfo.InvariantCulture))];
        return new Turn(numbers[0] * 1000 / stepCount, numbers[1] * 1000 / stepCount, numbers[2]);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        process.StandardInput.Close();
        process.WaitForExit();
        process.Dispose();
    }

    private string Answer() => process.StandardOutput.ReadLine() ?? throw new InvalidOperationException($"{Name} ended; what it said last is above.");
}

/// <summary>Steps taken in one go.</summary>
/// <param name="Milliseconds">Of one step, by the clock.</param>
/// <param name="CpuMilliseconds">Of one step, on all cores together.</param>
/// <param name="Loss">Before the last of them.</param>
internal readonly record struct Turn(double Milliseconds, double CpuMilliseconds, double Loss);
