namespace Edge.Runtime.Bench;

/// <summary>Which figures may stand side by side.</summary>
public static class BenchVersion
{
    /// <summary>To be raised whenever a change to this program may change a figure of a cell: cells that were measured by another version are run again.</summary>
    public const int Current = 3;
}
