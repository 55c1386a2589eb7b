using System.CommandLine;
using Edge.Runtime.Commands;

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
var parsed = root.Parse(args);
if (parsed.Errors.Count > 0)
{
    foreach (var error in parsed.Errors) Console.Error.WriteLine($"edge: {CommandNumber.InWords(error)}");
    Console.Error.WriteLine("See 'edge --help', or 'edge VERB --help'.");
    return ExitCode.Usage;
}

return await parsed.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromSeconds(5) });
