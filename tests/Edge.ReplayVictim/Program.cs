using System.CommandLine;
using Edge.ReplayVictim;

var folder = new Argument<string>("folder") { Description = "Where the store lies." };
var stage = new Argument<string>("stage") { Description = string.Join(", ", Stages.Names) };
var acks = new Argument<string>("acks") { Description = "File of the window ids that were acknowledged, one a line." };
var count = new Option<int>("--count") { Description = "Kills in all, spread over the stages.", DefaultValueFactory = _ => 300 };
var report = new Option<string?>("--out") { Description = "File for the report, beside standard output." };
var deeds = new Argument<string>("deeds") { Description = "File of what was done to the store, one deed a line." };
var seed = new Option<int>("--seed") { Description = "Of the moments.", DefaultValueFactory = _ => 1 };

var work = new Command("work", "Works on a store until it is killed, and says what is acknowledged.") { folder, stage };
work.SetAction(parsed => Stages.IsBounded(parsed.GetValue(stage)!) ? BoundedVictim.RunAsync(parsed.GetValue(folder)!, parsed.GetValue(stage)!) : Victim.RunAsync(parsed.GetValue(folder)!, parsed.GetValue(stage)!));
var check = new Command("check", "Compares a store with what was acknowledged. Ends with 0 when all is right.") { folder, acks };
check.SetAction(parsed => Verification.RunAsync(parsed.GetValue(folder)!, parsed.GetValue(acks)!));
var checkBounded = new Command("check-bounded", "Compares a store from which examples leave with one to which the same was done in peace. Ends with 0 when all is right.") { folder, deeds };
checkBounded.SetAction(parsed => BoundedVerification.RunAsync(parsed.GetValue(folder)!, parsed.GetValue(deeds)!));
var kills = new Command("kills", "Kills 'work' at random moments and checks after each. Ends with 0 when nothing was lost or wrong.") { count, seed, report };
kills.SetAction(parsed =>
{
    var outcome = KillHarness.Run(parsed.GetValue(count), parsed.GetValue(seed), Console.WriteLine);
    Console.WriteLine(outcome);
    if (parsed.GetValue(report) is { } file) File.WriteAllLines(file, outcome.Page($"tests/replay-kills.sh {parsed.GetValue(count)} {parsed.GetValue(seed)} FILE"));
    return outcome.Problems.Count == 0 ? 0 : 1;
});
return await new RootCommand("Works on a replay buffer and is killed.") { work, check, checkBounded, kills }.Parse(args).InvokeAsync();
