using System.CommandLine;
using Edge.Benchmarks;
using Edge.LinkVictim;

var port = new Option<int>("--port") { Description = "TCP port of the broker on 127.0.0.1.", Required = true };
var data = new Option<string>("--data") { Description = "Folder of the outbox.", Required = true };
var rate = new Option<double>("--rate") { Description = "Messages per second.", DefaultValueFactory = _ => 100 };
var first = new Option<long>("--first") { Description = "Number of the first message.", DefaultValueFactory = _ => 1 };
var cycles = new Option<int>("--cycles") { Description = "Disturbances.", DefaultValueFactory = _ => 50 };
var seconds = new Option<double>("--seconds") { Description = "How long they are spread over.", DefaultValueFactory = _ => 600 };
var seed = new Option<int>("--seed") { Description = "Of the disturbances; the scheduler adds its own.", DefaultValueFactory = _ => 1 };
var file = new Option<string?>("--out") { Description = "File for the report, beside standard output; the committed one is Telemetry/results/chaos.md." };

var device = new Command("device", "Offers numbered messages that are never dropped until it is killed, or a line comes on standard input; then it delivers what waits and ends.") { port, data, rate, first };
device.SetAction((parsed, cancel) => Device.RunAsync(parsed.GetValue(port), parsed.GetValue(data)!, parsed.GetValue(rate), parsed.GetValue(first), cancel));
var chaos = new Command("chaos", "Disturbs broker, network and device at random and compares what arrived with what was acknowledged. Ends with 0 when nothing was lost, the order held, memory kept its limit and the rate was offered.") { cycles, seconds, rate, seed, file };
chaos.SetAction(async (parsed, cancel) =>
{
    var plan = new ChaosPlan(parsed.GetValue(cycles), TimeSpan.FromSeconds(parsed.GetValue(seconds)), parsed.GetValue(rate), parsed.GetValue(seed)) { LeastOfferedShare = 0.9 };
    var report = await ChaosHarness.RunAsync(plan, Console.WriteLine, cancel);
    Console.WriteLine(report);
    string command = FormattableString.Invariant($"- `dotnet run -c Release --project tests/Edge.LinkVictim -- chaos --cycles {plan.CycleCount} --seconds {plan.Duration.TotalSeconds:0} --rate {plan.Rate} --seed {plan.Seed}`");
    if (parsed.GetValue(file) is { } path) Machine.Publish([.. report.ToMarkdown(plan), .. Machine.Facts(), command], path);
    return report.Problems.Count == 0 ? 0 : 1;
});
return await new RootCommand("A device that is killed, and a world that is disturbed, to see whether the link loses anything.") { device, chaos }.Parse(args).InvokeAsync();
