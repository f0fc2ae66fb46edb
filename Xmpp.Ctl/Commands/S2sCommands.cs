using System.CommandLine;
using System.Globalization;
using Xmpp.Server.Control;

namespace Xmpp.Ctl.Commands;

/// <summary><c>xmppctl s2s …</c>: connections with other servers.</summary>
internal static class S2sCommands
{
    public static Command Create(Terminal terminal) =>
        new("s2s", "See, close and test connections with other servers") { List(terminal), Close(terminal), Test(terminal) };

    private static Command List(Terminal terminal)
    {
        var domain = CommandExtensions.JidArgument("domain", "Only with this domain", IsDomain, SuggestAsync);
        domain.Arity = ArgumentArity.ZeroOrOne;
        return new Command("list", "List connections with other servers") { domain }
            .WithAction(terminal, async (invocation, cancellationToken) =>
            {
                var request = new ListServersRequest(invocation.Command.GetValue(domain)?.Domain);
                var links = await invocation.Server.SendAsync<ServerLinkInfo>(request, cancellationToken).ToListAsync(cancellationToken);
                invocation.Output.Table(links, ["Here", "There", "Direction", "Address", "TLS", "Authorised by", "Waiting", "Problem"], link =>
                [
                    link.Local, link.Remote, link.IsIncoming ? "in" : "out", link.Address ?? "-", link.Tls ?? "-", link.AuthorizedBy ?? "-",
                    link.Waiting.ToString(CultureInfo.InvariantCulture), link.Failure ?? "-",
                ]);
                return ExitCode.Ok;
            });
    }

    private static Command Close(Terminal terminal)
    {
        var domain = DomainArgument();
        return new Command("close", "Close all connections with a domain; the next stanza makes a new one") { domain }
            .WithAction(terminal, async (invocation, cancellationToken) =>
            {
                var request = new CloseServerRequest(invocation.Command.GetRequiredValue(domain).Domain);
                var closed = await invocation.Server.SendForOneAsync<int>(request, cancellationToken);
                invocation.Output.Say(closed == 1 ? "Closed 1 connection." : $"Closed {closed} connections.", new { closed });
                return closed > 0 ? ExitCode.Ok : ExitCode.Failed;
            });
    }

    private static Command Test(Terminal terminal)
    {
        var domain = DomainArgument();
        var from = new Option<string?>("--from")
        {
            Description = "The host of this server that connects; the first that federates, if none is given",
            HelpName = "host",
        };
        return new Command("test", "Connect with a domain's server step by step, and tell what to mend on which side") { domain, from }
            .WithAction(terminal, async (invocation, cancellationToken) =>
            {
                var request = new TestServerRequest(
                    invocation.Command.GetValue(from), invocation.Command.GetRequiredValue(domain).Domain);
                var isGood = true;
                await foreach (var step in invocation.Server.SendAsync<ServerTestStep>(request, cancellationToken))
                {
                    isGood &= !step.IsProblem;
                    invocation.Output.Line((step.IsProblem ? "FAILED: " : "- ") + step.Text, step);
                }
                return isGood ? ExitCode.Ok : ExitCode.Failed;
            });
    }

    private static Argument<Core.Jid> DomainArgument() =>
        CommandExtensions.JidArgument("domain", "A domain, such as example.org", IsDomain, SuggestAsync);

    private static bool IsDomain(Core.Jid jid) => jid is { Local: null, IsFull: false };

    internal static async Task<List<string>> SuggestAsync(Invocation invocation, CancellationToken cancellationToken) =>
        await invocation.Server
            .SendAsync<ServerLinkInfo>(new ListServersRequest(null), cancellationToken)
            .Select(link => link.Remote)
            .Distinct()
            .ToListAsync(cancellationToken);
}
