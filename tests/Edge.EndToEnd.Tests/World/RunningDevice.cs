using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json.Nodes;

namespace Edge.EndToEnd.Tests.World;

/// <summary>One process of the real program, in a process group of its own, with everything that it printed.</summary>
internal sealed class RunningDevice : IAsyncDisposable
{
    private const string SetSid = "/usr/bin/setsid"; // Of util-linux, which no Linux lacks; it becomes the program, so the process id stays.
    private readonly Process process;
    private readonly ConcurrentQueue<string> output = new(), talk = new();

    private RunningDevice(Process process)
    {
        this.process = process;
        process.OutputDataReceived += (_, line) => Add(output, line.Data);
        process.ErrorDataReceived += (_, line) => Add(talk, line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <summary>The executable that the build left beside the tests.</summary>
    public static string Program { get; } = Path.Combine(AppContext.BaseDirectory, "edge");

    public int Id => process.Id;

    public bool IsAlive => !process.HasExited;

    /// <summary>Lines on standard output.</summary>
    public IReadOnlyList<string> Output => [.. output];

    /// <summary>Lines on standard error.</summary>
    public IReadOnlyList<string> Talk => [.. talk];

    /// <summary>Everything it said, for a failed assertion.</summary>
    public string Said => string.Join('\n', Talk.Concat(Output).TakeLast(60));

    public static RunningDevice Start(string folder, params string[] arguments) => Start(folder, [], arguments);

    public static RunningDevice Start(string folder, IEnumerable<KeyValuePair<string, string>> environment, params string[] arguments)
    {
        var info = new ProcessStartInfo(SetSid, [Program, .. arguments]) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        foreach (var (name, value) in environment) info.Environment[name] = value;
        return new RunningDevice(Process.Start(info)!);
    }

    /// <summary>What Ctrl-C in a terminal does: SIGINT to the whole group, training child included.</summary>
    public void CtrlC() => Assert.True(LinuxProcess.Signal(-process.Id, LinuxProcess.Interrupt), "there is a process group to interrupt");

    /// <summary>Asks it to end, and waits until it has.</summary>
    public async Task EndByCtrlCAsync()
    {
        CtrlC();
        Assert.Equal(0, await EndAsync());
    }

    /// <summary><c>kill -9</c>; the training child is not told.</summary>
    public async Task KillAsync()
    {
        LinuxProcess.Signal(process.Id, LinuxProcess.Kill);
        await process.WaitForExitAsync(CancellationToken.None);
    }

    /// <summary>Waits for its end and returns the exit code.</summary>
    public async Task<int> EndAsync(TimeSpan? limit = null)
    {
        using var late = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        late.CancelAfter(limit ?? TimeSpan.FromSeconds(300));
        try
        {
            await process.WaitForExitAsync(late.Token);
        }
        catch (OperationCanceledException)
        {
            Assert.Fail($"edge did not end.\n{Said}");
        }

        return process.ExitCode;
    }

    /// <summary>The object that <c>--json</c> prints at the end.</summary>
    public JsonObject Summary() => JsonNode.Parse(Assert.Single(Output))!.AsObject();

    /// <summary>Fields of the first log line with this event id; null while there is none.</summary>
    public JsonObject? Logged(int eventId) => LinesOf(eventId).FirstOrDefault()?["State"]?.AsObject();

    /// <summary>The same of the last line.</summary>
    public JsonObject? LastLogged(int eventId) => LinesOf(eventId).LastOrDefault()?["State"]?.AsObject();

    /// <summary>Log lines with this event id.</summary>
    public int LoggedCount(int eventId) => LinesOf(eventId).Count();

    /// <summary>Its training child; null while it has none.</summary>
    public int? TrainingChild() => LinuxProcess.With("train --round").Where(child => LinuxProcess.ParentOf(child.Id) == process.Id).Select(child => (int?)child.Id).FirstOrDefault();

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited) await KillAsync();
        process.Dispose();
    }

    private IEnumerable<JsonObject> LinesOf(int eventId) => Talk.Where(line => line.StartsWith('{')).Select(line => JsonNode.Parse(line)!.AsObject()).Where(line => (int?)line["EventId"] == eventId);

    private static void Add(ConcurrentQueue<string> lines, string? line)
    {
        if (line is { Length: > 0 }) lines.Enqueue(line);
    }
}
