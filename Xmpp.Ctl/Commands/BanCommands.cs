using System.CommandLine;
using Xmpp.Server.Control;

namespace Xmpp.Ctl.Commands;

/// <summary><c>xmppctl ban …</c>: domains that this server doesn't talk to.</summary>
internal static class BanCommands
{
    public static Command Create(Terminal terminal) =>
        new("ban", "Ban domains: nothing is sent to them nor taken from them") { Domain(terminal), List(terminal), Lift(terminal) };

    private static Command Domain(Terminal terminal)
    {
        var domain = CommandExtensions.JidArgument("domain", "A domain, such as example.org", IsDomain, S2sCommands.SuggestAsync);
        return new Command("domain", "Ban a domain and all below it, at once and until it is lifted") { domain }
            .WithAction(terminal, async (invocation, cancellationToken) =>
            {
                var banned = invocation.Command.GetRequiredValue(domain).Domain;
                var isNew = await invocation.Server.SendForOneAsync<bool>(new BanDomainRequest(banned), cancellationToken);
                invocation.Output.Say(
                    isNew ? $"{banned} and all below it is banned." : $"{banned} was banned already.", new { domain = banned, isNew });
                return ExitCode.Ok;
            });
    }

    private static Command List(Terminal terminal) => new Command("list", "List banned domains")
        .WithAction(terminal, async (invocation, cancellationToken) =>
        {
            var domains = await ListAsync(invocation, cancellationToken);
            invocation.Output.Table(domains, ["Domain"], domain => [domain]);
            return ExitCode.Ok;
        });

    private static Command Lift(Terminal terminal)
    {
        var domain = CommandExtensions.JidArgument("domain", "A banned domain", IsDomain, ListAsync);
        return new Command("lift", "Lift the ban of a domain") { domain }
            .WithAction(terminal, async (invocation, cancellationToken) =>
            {
                var banned = invocation.Command.GetRequiredValue(domain).Domain;
                var wasBanned = await invocation.Server.SendForOneAsync<bool>(new LiftBanRequest(banned), cancellationToken);
                invocation.Output.Say(
                    wasBanned ? $"{banned} is not banned any more." : $"{banned} is not banned.", new { domain = banned, wasBanned });
                return wasBanned ? ExitCode.Ok : ExitCode.Failed;
            });
    }

    private static bool IsDomain(Core.Jid jid) => jid is { Local: null, IsFull: false };

    private static async Task<List<string>> ListAsync(Invocation invocation, CancellationToken cancellationToken) =>
        await invocation.Server.SendAsync<string>(new ListBansRequest(), cancellationToken).ToListAsync(cancellationToken);
}
