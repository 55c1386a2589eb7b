using System.Reflection;

namespace Edge.Runtime;

/// <summary>What this program is.</summary>
public static class Product
{
    /// <summary>Version of the service, without build metadata.</summary>
    public static string Version { get; } =
        typeof(Product).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0.0.0";
}
