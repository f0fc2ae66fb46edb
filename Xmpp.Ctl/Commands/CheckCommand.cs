using System.CommandLine;
using Xmpp.Ctl.Checks;

namespace Xmpp.Ctl.Commands;

/// <summary><c>xmppctl check</c>: whether the server can start and serve, or what to do about it.</summary>
internal static class CheckCommand
{
    public static Command Create(Terminal terminal) => new Command("check", "Examine configuration, certificates, ports, store and clock")
        .WithAction(terminal, async (invocation, cancellationToken) =>
        {
            var results = await HealthCheck.RunAsync(invocation.ConfigurationFile, TimeProvider.System, cancellationToken);
            invocation.Output.Table(results, ["", "What", "Result"], result => [Mark(result.State), result.Subject, result.Text]);
            return results.Any(result => result.State is CheckState.Failed) ? ExitCode.Failed : ExitCode.Ok;
        });

    private static string Mark(CheckState state) => state switch
    {
        CheckState.Ok => "ok",
        CheckState.Warning => "WARNING",
        _ => "FAILED",
    };
}
