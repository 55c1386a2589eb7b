using Microsoft.ML.OnnxRuntime;

namespace Edge.Runtime.Inference;

/// <summary>How a session runs, as plain values: the one place that says it, for this program and for one in another language that is compared with it.</summary>
/// <param name="IntraOpThreadCount">Threads of one node, the caller's included.</param>
/// <param name="InterOpThreadCount">Nodes at a time; 1: one after another.</param>
/// <param name="HasArena">Whether what a run needs is kept from one run to the next.</param>
/// <param name="Entries">Further entries by ONNX Runtime's own keys (onnxruntime_session_options_config_keys.h).</param>
public sealed record SessionSettings(int IntraOpThreadCount, int InterOpThreadCount, bool HasArena, IReadOnlyList<KeyValuePair<string, string>> Entries)
{
    /// <summary>What every session of this program is told.</summary>
    /// <param name="threadCount">Threads of one inference.</param>
    public static SessionSettings Of(int threadCount) => new(
        threadCount,
        1,
        // Without an arena glibc maps and unmaps, window by window, what is as large as a batch of four needs (NativeMemory), and a batch costs more than its windows one by one: 456 against 309 us a window, 260 with it (measured).
        // It takes the same 7 MB for that batch, and gives more of them back when the session is closed.
        HasArena: true,
        // A pool that spins takes the core that training needs.
        [new("session.intra_op.allow_spinning", "0"), new("session.inter_op.allow_spinning", "0")]);

    /// <summary>A session's options; the caller disposes them.</summary>
    public SessionOptions ToOptions()
    {
        var options = new SessionOptions
        {
            IntraOpNumThreads = IntraOpThreadCount,
            InterOpNumThreads = InterOpThreadCount,
            ExecutionMode = ExecutionMode.ORT_SEQUENTIAL,
            EnableCpuMemArena = HasArena,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL,
        };
        foreach (var (key, value) in Entries) options.AddSessionConfigEntry(key, value);
        return options;
    }

    /// <summary>All of it in one line.</summary>
    public override string ToString() => $"intra-op threads {IntraOpThreadCount}, inter-op threads {InterOpThreadCount}, sequential, arena {(HasArena ? "on" : "off")}{string.Concat(Entries.Select(entry => $", {entry.Key} {entry.Value}"))}";
}
