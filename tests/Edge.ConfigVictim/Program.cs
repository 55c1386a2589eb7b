using System.CommandLine;
using System.Diagnostics;
using Edge.ConfigVictim;

var folder = new Argument<string>("folder") { Description = "The folder config of a data directory." };
var point = new Argument<int>("point") { Description = "0-based index of the point at which the process kills itself." };
var times = new Option<int>("--times") { Description = "Kills at each point.", DefaultValueFactory = _ => 10 };

var begin = new Command("begin", "Leaves the folder as 'live' expects it.") { folder };
begin.SetAction(parsed =>
{
    Life.Begin(parsed.GetValue(folder)!);
    return 0;
});
var live = new Command("live", "Lives a configuration's life until it kills itself.") { folder, point };
live.SetAction(parsed =>
{
    int left = parsed.GetValue(point);
    Life.Live(parsed.GetValue(folder)!, _ =>
    {
        if (left-- > 0) return;
        Process.GetCurrentProcess().Kill(); // SIGKILL; nothing of this process runs after it.
        Thread.Sleep(Timeout.Infinite);
    });
    return 0;
});
var kills = new Command("kills", "Kills 'live' at every point and checks after each. Ends with 0 when nothing was wrong.") { times };
kills.SetAction(parsed =>
{
    var report = KillHarness.Run(parsed.GetValue(times), Console.WriteLine);
    Console.WriteLine(report);
    return report.Problems.Count == 0 ? 0 : 1;
});
return await new RootCommand("Lives the life of a device's configuration and is killed.") { begin, live, kills }.Parse(args).InvokeAsync();
