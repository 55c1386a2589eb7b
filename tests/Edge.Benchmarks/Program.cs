using System.CommandLine;
using Edge.Benchmarks;
using Edge.Benchmarks.OverTheAir;

var root = new RootCommand("Edge's benchmarks: each measures one claim and writes a Markdown table. Build with -c Release; leave the machine alone meanwhile.")
{
    TrainingStepBenchmark.Create(),
    ManyStepsBenchmark.Create(),
    TrainingRoundBenchmark.Create(),
    Stepper.Create(),
    PayloadBenchmark.Create(),
    ReplayBenchmark.Create(),
    SwapBenchmark.Create(),
    InferenceBenchmark.Create(),
    Exporting.Create(),
    TelemetryBenchmark.Create(),
    FleetBenchmark.Create(),
    DriftBenchmark.Create(),
    DriftStalls.Create(),
    ConfigBenchmark.Create(),
};
return await root.Parse(args).InvokeAsync();
