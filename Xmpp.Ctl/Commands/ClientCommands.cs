using System.CommandLine;
using Xmpp.Modules.Clients;
using Xmpp.Server.Control;

namespace Xmpp.Ctl.Commands;

/// <summary><c>xmppctl user clients</c>: which clients have access to an account of the running server, and that it ends.</summary>
internal static class ClientCommands
{
    public static Command Create(Terminal terminal)
    {
        var jid = CommandExtensions.AccountArgument();
        var revoke = new Option<string?>("--revoke")
        {
            Description = "End the sessions and tokens of the client with this id",
            HelpName = "id",
        };
        return new Command("clients", "List the clients that have access to an account, or end a client's") { jid, revoke }
            .WithAction(terminal, async (invocation, cancellationToken) =>
            {
                var account = invocation.Command.GetRequiredValue(jid);
                if (invocation.Command.GetValue(revoke) is { } id)
                {
                    var request = new RevokeClientRequest(account, id);
                    return Tell(terminal, invocation, id, await invocation.Server.SendForOneAsync<Revocation>(request, cancellationToken));
                }
                var clients = await invocation.Server
                    .SendAsync<ClientInfo>(new ListClientsRequest(account), cancellationToken)
                    .ToListAsync(cancellationToken);
                invocation.Output.Table(clients, ["Id", "Software", "Device", "Connected", "First seen", "Last seen", "Access"], client =>
                [
                    client.Id, client.Software ?? "-", client.Device ?? "-", client.IsConnected ? "yes" : "no",
                    Output.Date(client.FirstSeen), Output.Date(client.LastSeen), string.Join(", ", AccessOf(client)),
                ]);
                return ExitCode.Ok;
            });
    }

    private static ExitCode Tell(Terminal terminal, Invocation invocation, string id, Revocation outcome)
    {
        if (outcome == Revocation.NoSuchClient)
            return UserCommands.Refuse(terminal, $"There is no client {id}.");
        var hint = outcome switch
        {
            Revocation.NeedsNewPassword => " It knows the password: to keep it out, set another one.",
            Revocation.HasCertificate => " It has a certificate that is accepted.",
            _ => "",
        };
        invocation.Output.Say($"Ended the sessions and tokens of {id}.{hint}", new { id, outcome = outcome.ToString() });
        return ExitCode.Ok;
    }

    private static IEnumerable<string> AccessOf(ClientInfo client)
    {
        if (client.KnowsPassword)
            yield return "password";
        if (client.HasCertificate)
            yield return "certificate";
        if (client.HasToken)
            yield return "token";
    }
}
