using System.CommandLine;
using System.Globalization;
using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Server.Control;

namespace Xmpp.Ctl.Commands;

/// <summary><c>xmppctl invite …</c>: with or without a running server.</summary>
internal static class InvitationCommands
{
    public static Command Create(Terminal terminal)
    {
        var host = new Option<string?>("--host")
        {
            Description = "Where the account is made [default: the contact's host, else the first]",
        };
        var username = new Option<string?>("--username") { Description = "Reserve this name for the invited" };
        var contact = new Option<Jid?>("--contact")
        {
            Description = "The account that becomes a contact of the invited",
            HelpName = "jid",
            CustomParser = result =>
            {
                if (Jid.TryParse(result.Tokens[0].Value, out var jid) && jid is { Local: not null, IsBare: true })
                    return jid;
                result.AddError($"'{result.Tokens[0].Value}' is not the address of an account.");
                return null;
            },
        };
        var validity = new Option<TimeSpan?>("--expires")
        {
            Description = "How long it may be used, such as 12h or 7d [default: modules.invitations.validity]",
            HelpName = "duration",
            CustomParser = result =>
            {
                var rule = new DurationAttribute("1m", "3650d");
                if (rule.Read(result.Tokens[0].Value) is TimeSpan duration)
                    return duration;
                result.AddError($"--expires: expected {rule.Expected}");
                return null;
            },
        };
        var uses = new Option<int>("--uses") { Description = "How often it may be used", DefaultValueFactory = _ => 1 };
        var command = new Command("invite", "Invite somebody to make an account, to become a contact, or both")
        {
            host, username, contact, validity, uses, List(terminal), Revoke(terminal),
        };
        return command.WithAction(terminal, async (invocation, cancellationToken) =>
        {
            var line = invocation.Command;
            if (line.GetValue(uses) is < 1 or > 1_000_000)
                throw new UsageException("--uses: expected a number from 1 to 1000000");
            if (line.GetValue(username) is not null && line.GetValue(uses) != 1)
                throw new UsageException("A name can be used once only: leave out --uses, or --username.");
            await using var invitations = await Invitations.OpenAsync(invocation.Options, cancellationToken);
            var made = await invitations.Control.CreateAsync(
                new(line.GetValue(host), line.GetValue(username), line.GetValue(contact), line.GetValue(validity), line.GetValue(uses)),
                cancellationToken);
            invocation.Output.Say(made.Page is null ? made.Uri : $"{made.Uri}\n{made.Page}", made);
            return ExitCode.Ok;
        });
    }

    private static Command List(Terminal terminal)
    {
        var host = new Argument<string?>("host") { Description = "Only invitations to this host", Arity = ArgumentArity.ZeroOrOne };
        var command = new Command("list", "List invitations that may still be used") { host };
        return command.WithAction(terminal, async (invocation, cancellationToken) =>
        {
            var only = invocation.Command.GetValue(host);
            if (only is not null)
                UserCommands.RequireServed(only, invocation);
            await using var invitations = await Invitations.OpenAsync(invocation.Options, cancellationToken);
            var found = new List<InvitationInfo>();
            foreach (var each in only is null ? invocation.Options.Hosts : [only])
                found.AddRange(await invitations.Control.ListAsync(each, cancellationToken).ToListAsync(cancellationToken));
            invocation.Output.Table(found, ["Token", "Account", "Contact", "Uses", "Expires"], invitation =>
            [
                invitation.Token, Account(invitation), invitation.Inviter?.ToString() ?? "-",
                invitation.Uses.ToString(CultureInfo.InvariantCulture), Output.Date(invitation.Expires),
            ]);
            return ExitCode.Ok;
        });
    }

    private static Command Revoke(Terminal terminal)
    {
        var token = new Argument<string>("token") { Description = "The token, as invite list shows it" };
        return new Command("revoke", "Withdraw an invitation") { token }.WithAction(terminal, async (invocation, cancellationToken) =>
        {
            var which = invocation.Command.GetRequiredValue(token);
            await using var invitations = await Invitations.OpenAsync(invocation.Options, cancellationToken);
            if (!await invitations.Control.RevokeAsync(which, cancellationToken))
            {
                terminal.Error.WriteLine($"There is no invitation {which}.");
                return ExitCode.Failed;
            }
            invocation.Output.Say($"Revoked {which}.", new { token = which });
            return ExitCode.Ok;
        });
    }

    private static string Account(InvitationInfo invitation) => invitation switch
    {
        { AllowsAccount: false } => "-",
        { Username: { } username } => $"{username}@{invitation.Host}",
        _ => invitation.Host,
    };
}
