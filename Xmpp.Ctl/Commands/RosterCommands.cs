using System.CommandLine;
using Xmpp.Server.Control;

namespace Xmpp.Ctl.Commands;

/// <summary>
/// <c>xmppctl roster …</c>: who is whose contact. Listing works without a running server; changes need one, since they concern both
/// sides and whoever of them is online.
/// </summary>
internal static class RosterCommands
{
    public static Command Create(Terminal terminal) =>
        new("roster", "See and change the contacts of accounts") { List(terminal), Add(terminal), Remove(terminal), Push(terminal) };

    private static Command List(Terminal terminal)
    {
        var jid = CommandExtensions.AccountArgument();
        return new Command("list", "List the contacts of an account") { jid }.WithAction(terminal, async (invocation, cancellationToken) =>
        {
            var account = invocation.Command.GetRequiredValue(jid);
            await using var accounts = await invocation.OpenAccountsAsync(cancellationToken);
            if (await accounts.Control.ListRosterAsync(account, cancellationToken) is not { } items)
                return UserCommands.Refuse(terminal, UserCommands.NoSuchAccount(account));
            invocation.Output.Table(items, ["JID", "Name", "Subscription", "Pending", "Groups"], item =>
            [
                item.Jid.ToString(), item.Name ?? "-", item.IsListed ? item.Subscription : "not a contact", item.Pending ?? "-",
                item.Groups.Count > 0 ? string.Join(", ", item.Groups) : "-",
            ]);
            return ExitCode.Ok;
        });
    }

    private static Command Add(Terminal terminal)
    {
        var jid = CommandExtensions.AccountArgument();
        var contact = CommandExtensions.JidArgument(
            "contact", "Address of the contact", _ => true, async (invocation, cancellationToken) =>
                await invocation.Options.Hosts.ToAsyncEnumerable()
                    .SelectMany(host => invocation.Server.SendAsync<AccountInfo>(new ListUsersRequest(host), cancellationToken))
                    .Select(account => account.Jid.ToString())
                    .Take(CommandExtensions.MostSuggestions)
                    .ToListAsync(cancellationToken));
        var name = new Option<string?>("--name") { Description = "What the account calls it", HelpName = "name" };
        var groups = new Option<string[]>("--group")
        {
            Description = "A group that it is in; may be given several times",
            HelpName = "group",
        };
        var command = new Command("add", "Add a contact, or change its name and groups; without a subscription (see push)")
        {
            jid, contact, name, groups,
        };
        return command.WithAction(terminal, async (invocation, cancellationToken) =>
        {
            var (account, added) = (invocation.Command.GetRequiredValue(jid), invocation.Command.GetRequiredValue(contact));
            var request = new AddContactRequest(
                account, added, invocation.Command.GetValue(name), invocation.Command.GetValue(groups) ?? []);
            if (!await invocation.Server.SendForOneAsync<bool>(request, cancellationToken))
                return UserCommands.Refuse(terminal, UserCommands.NoSuchAccount(account));
            invocation.Output.Say($"Added {added} to the contacts of {account}.", new { jid = account, contact = added });
            return ExitCode.Ok;
        });
    }

    private static Command Remove(Terminal terminal)
    {
        var jid = CommandExtensions.AccountArgument();
        var contact = CommandExtensions.JidArgument(
            "contact", "Address of the contact", _ => true, async (invocation, cancellationToken) =>
                invocation.Command.GetValue(jid) is not { } account ? [] : await invocation.Server
                    .SendAsync<RosterItemInfo>(new ListRosterRequest(account), cancellationToken)
                    .Where(item => item.IsListed)
                    .Select(item => item.Jid.ToString())
                    .Take(CommandExtensions.MostSuggestions)
                    .ToListAsync(cancellationToken));
        var command = new Command("remove", "Remove a contact; the subscriptions of both sides end") { jid, contact };
        return command.WithAction(terminal, async (invocation, cancellationToken) =>
        {
            var (account, removed) = (invocation.Command.GetRequiredValue(jid), invocation.Command.GetRequiredValue(contact));
            var request = new RemoveContactRequest(account, removed);
            if (!await invocation.Server.SendForOneAsync<bool>(request, cancellationToken))
                return UserCommands.Refuse(terminal, $"{account} has no contact {removed}.");
            invocation.Output.Say($"Removed {removed} from the contacts of {account}.", new { jid = account, contact = removed });
            return ExitCode.Ok;
        });
    }

    private static Command Push(Terminal terminal)
    {
        var jids = CommandExtensions.AccountsArgument();
        var command = new Command(
            "push",
            "Make each two of these accounts contacts of each other, subscribed both ways; with one only, send its clients the roster")
        {
            jids,
        };
        return command.WithAction(terminal, async (invocation, cancellationToken) =>
        {
            var accounts = invocation.Command.GetRequiredValue(jids).Distinct().ToArray();
            if (accounts is [var only])
            {
                var contacts = await invocation.Server.SendForOneAsync<int>(new PushRosterRequest(only), cancellationToken);
                invocation.Output.Say(
                    $"Sent {Count(contacts, "contact")} to the clients of {only}.", new { jid = only, contacts });
                return ExitCode.Ok;
            }
            var pairs = await invocation.Server.SendForOneAsync<int>(new JoinContactsRequest(accounts), cancellationToken);
            invocation.Output.Say($"{Count(pairs, "pair")} of {accounts.Length} accounts are contacts.", new { pairs });
            return ExitCode.Ok;
        });
    }

    private static string Count(int number, string what) => number == 1 ? $"1 {what}" : $"{number} {what}s";
}
