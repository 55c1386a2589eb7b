using System.Collections;
using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using LiteDB;

namespace Edge.Storage;

/// <summary>
/// Transactions that LiteDB (5.0.20) leaves behind when it fails in the middle of one, on a damaged page for instance. Their finalizer counts pages back that the closed engine has given away, throws ("share counter must be > 0"), and an
/// exception of a finalizer ends the process, at some later collection. So whoever closes a database keeps the finalizers of what was open from running; all that they would give back is memory of an engine that is gone.
/// </summary>
internal static class LeftTransactions
{
    private const BindingFlags Hidden = BindingFlags.Instance | BindingFlags.NonPublic;

    /// <summary>What is open in a database; empty when the library hides it elsewhere, which a test would tell.</summary>
    public static IReadOnlyList<object> Of(LiteDatabase database)
    {
        object? engine = typeof(LiteDatabase).GetField("_engine", Hidden)?.GetValue(database);
        object? monitor = engine?.GetType().GetField("_monitor", Hidden)?.GetValue(engine);
        return monitor?.GetType().GetField("_transactions", Hidden)?.GetValue(monitor) is IDictionary open ? [.. open.Values.Cast<object>()] : [];
    }

    /// <summary>Keeps their finalizers from running.</summary>
    [SuppressMessage("Usage", "CA1816", Justification = "The objects are the library's; that it does not do this itself is what is mended.")]
    public static void Silence(IReadOnlyList<object> transactions)
    {
        foreach (object transaction in transactions) GC.SuppressFinalize(transaction);
    }
}
