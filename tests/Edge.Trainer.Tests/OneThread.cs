using System.Runtime.CompilerServices;

namespace Edge.Trainer.Tests;

internal static class OneThread
{
    /// <summary>The networks here are small: a second thread costs more in waiting than it saves, many times over where the machine is busy.</summary>
    [ModuleInitializer]
    internal static void Set() => TorchSharp.torch.set_num_threads(1);
}
