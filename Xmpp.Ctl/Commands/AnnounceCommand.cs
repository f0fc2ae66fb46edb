using System.CommandLine;
using Xmpp.Server.Control;

namespace Xmpp.Ctl.Commands;

/// <summary><c>xmppctl announce</c>: a word to everybody who is online.</summary>
internal static class AnnounceCommand
{
    public static Command Create(Terminal terminal)
    {
        var text = new Argument<string>("text") { Description = "The message" };
        var host = new Option<string?>("--host") { Description = "Only to the users of this host", HelpName = "host" };
        return new Command("announce", "Send a message to everybody who is online") { text, host }
            .WithAction(terminal, async (invocation, cancellationToken) =>
            {
                if (invocation.Command.GetValue(host) is { } only)
                    UserCommands.RequireServed(only, invocation);
                var request = new AnnounceRequest(invocation.Command.GetValue(host), invocation.Command.GetRequiredValue(text));
                var users = await invocation.Server.SendForOneAsync<int>(request, cancellationToken);
                invocation.Output.Say(users == 1 ? "Sent to 1 user." : $"Sent to {users} users.", new { users });
                return ExitCode.Ok;
            });
    }
}
