using Edge.Runtime.Inference;
using Microsoft.Extensions.Logging;

namespace Edge.Runtime.Stages;

/// <summary>Says which execution providers do not run: at start why not, later that one has failed. The status message is sent anew when it has (<see cref="TelemetryStage"/>).</summary>
public static class ProviderWatch
{
    /// <summary>Says what is known, and from now on what happens.</summary>
    /// <param name="providers">The chain, after the first session has been opened.</param>
    /// <param name="log">Where it is said.</param>
    public static void Begin(ProviderChain providers, ILogger log)
    {
        foreach (var refused in providers.Refused) ServiceLog.ProviderRefused(log, refused.ToString());
        bool told = false;
        providers.Failed += failed =>
        {
            if (told) return; // The other sessions of the same device follow one by one; the status counts them.
            told = true;
            ServiceLog.ProviderFailed(log, failed.Provider, failed.Reason);
        };
    }
}
