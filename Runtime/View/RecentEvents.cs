using Microsoft.Extensions.Logging;

namespace Edge.Runtime.View;

/// <summary>The latest log lines, for the live view. Bounded; safe from any thread.</summary>
public sealed class RecentEvents(int capacity, TimeProvider time) : ILoggerProvider
{
    private readonly Queue<string> lines = new(capacity);
    private readonly Lock gate = new();

    /// <summary>The lines, oldest first.</summary>
    public IReadOnlyList<string> Lines
    {
        get
        {
            lock (gate) return [.. lines];
        }
    }

    /// <inheritdoc/>
    public ILogger CreateLogger(string categoryName) => new Line(this);

    /// <inheritdoc/>
    public void Dispose()
    {
    }

    private void Add(LogLevel level, string text)
    {
        lock (gate)
        {
            lines.Enqueue($"{time.GetLocalNow():HH:mm:ss} {(level >= LogLevel.Warning ? level + ": " : "")}{text.ReplaceLineEndings(" ")}");
            if (lines.Count > capacity) lines.Dequeue();
        }
    }

    private sealed class Line(RecentEvents events) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel)) events.Add(logLevel, formatter(state, exception));
        }
    }
}
