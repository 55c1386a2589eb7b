using System.CommandLine;

namespace Edge.Runtime.Commands;

/// <summary><c>edge</c>: all verbs.</summary>
internal static class EdgeCommand
{
    /// <summary>The root of the command line.</summary>
    internal static RootCommand Create()
    {
        var root = new RootCommand("Edge: a device that classifies its sensor stream and keeps learning on the spot.")
        {
            RunCommand.Create(),
            TrainCommand.Create(),
            ReplayCommand.Create(),
            SnapshotCommand.Create(),
            InferCommand.Create(),
            BenchCommand.Create(),
            BenchReportCommand.Create(),
            BenchCellCommand.Create(),
            ConfigCommand.Create(),
            WatchCommand.Create(),
            LabelCommand.Create(),
            SimulateCommand.Create(),
            DoctorCommand.Create(),
        };
        CodedCommand.AddTo(root);
        return root;
    }
}
