using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Edge.Runtime.Commands;

/// <summary>A verb whose own <c>--help</c> ends with its exit codes; the list of verbs in the help above it does not repeat them.</summary>
/// <param name="name">Name of the verb.</param>
/// <param name="description">What it does.</param>
/// <param name="codes">What it may exit with.</param>
internal sealed class CodedCommand(string name, string description, string codes) : Command(name, description)
{
    /// <summary>Adds the exit codes to the help of a root command and of all below it.</summary>
    public static void AddTo(RootCommand root)
    {
        foreach (var help in root.Options.OfType<HelpOption>())
        {
            if (help.Action is SynchronousCommandLineAction plain) help.Action = new HelpWithCodes(plain);
        }
    }

    private string Codes => codes;

    private sealed class HelpWithCodes(SynchronousCommandLineAction plain) : SynchronousCommandLineAction
    {
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parsed)
        {
            int result = plain.Invoke(parsed);
            if (parsed.CommandResult.Command is CodedCommand command) parsed.InvocationConfiguration.Output.WriteLine(command.Codes);
            return result;
        }
    }
}
