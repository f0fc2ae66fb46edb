using System.CommandLine;
using System.Globalization;
using Xmpp.Server.Control;

namespace Xmpp.Ctl.Commands;

/// <summary><c>xmppctl session …</c>: who is connected.</summary>
internal static class SessionCommands
{
    public static Command Create(Terminal terminal) =>
        new("session", "See and end the sessions of clients") { List(terminal), Kick(terminal) };

    private static Command List(Terminal terminal)
    {
        var of = CommandExtensions.JidArgument("of", "Only sessions of this account, or of this host", jid => jid.IsBare, SuggestAsync);
        of.Arity = ArgumentArity.ZeroOrOne;
        return new Command("list", "List sessions") { of }.WithAction(terminal, async (invocation, cancellationToken) =>
        {
            var request = new ListSessionsRequest(invocation.Command.GetValue(of));
            var sessions = await invocation.Server.SendAsync<SessionInfo>(request, cancellationToken).ToListAsync(cancellationToken);
            invocation.Output.Table(sessions, ["JID", "Address", "TLS", "Since", "Presence", "Priority", "Connection"], session =>
            [
                session.Jid.ToString(), session.Address, session.Tls ?? "none", Output.Date(session.Since),
                session.Availability ?? "-", session.Priority?.ToString(CultureInfo.InvariantCulture) ?? "-",
                session.Connection.ToString().ToLowerInvariant(),
            ]);
            return ExitCode.Ok;
        });
    }

    private static Command Kick(Terminal terminal)
    {
        var jid = CommandExtensions.JidArgument(
            "jid", "A full JID for one session, a bare JID for all of the account", jid => jid.Local is not null, SuggestAsync);
        return new Command("kick", "End sessions") { jid }.WithAction(terminal, async (invocation, cancellationToken) =>
        {
            var whom = invocation.Command.GetRequiredValue(jid);
            var ended = await invocation.Server.SendForOneAsync<int>(new KickRequest(whom), cancellationToken);
            invocation.Output.Say(ended == 1 ? "Ended 1 session." : $"Ended {ended} sessions.", new { ended });
            return ended > 0 ? ExitCode.Ok : ExitCode.Failed;
        });
    }

    private static async Task<List<string>> SuggestAsync(Invocation invocation, CancellationToken cancellationToken) =>
        await invocation.Server
            .SendAsync<SessionInfo>(new ListSessionsRequest(null), cancellationToken)
            .Select(session => session.Jid.ToString())
            .ToListAsync(cancellationToken);
}
