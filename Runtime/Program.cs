using System.CommandLine;
using Edge.Runtime.Commands;

var parsed = EdgeCommand.Create().Parse(args);
if (parsed.Errors.Count > 0)
{
    foreach (var error in parsed.Errors) Console.Error.WriteLine($"edge: {CommandNumber.InWords(error)}");
    Console.Error.WriteLine("See 'edge --help', or 'edge VERB --help'.");
    return ExitCode.Usage;
}

return await parsed.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromSeconds(5) });
