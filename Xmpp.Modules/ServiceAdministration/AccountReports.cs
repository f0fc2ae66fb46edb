using System.Globalization;
using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Modules;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;
using Xmpp.Modules.Rosters;

namespace Xmpp.Modules;

/// <summary>XEP-0133 §4.8 to §4.10: what is told of accounts. Of several accounts, each has a form of its own.</summary>
internal sealed class AccountReports(IAccountStore store, IRosterStore rosters, ISessionDirectory sessions, TimeProvider time)
{
    public void Register(AdminCommands commands)
    {
        commands.Add("get-user-roster", "Get User Roster", (_, _) => new(CommandStep.Ask(AdminForms.Ask(
            "Getting a User's Roster", "Fill out this form to get a user's roster.",
            AdminForms.Accounts("The Jabber ID(s) for which to retrieve the roster")), RosterAsync)));
        commands.Add("get-user-lastlogin", "Get User Last Login Time", (_, _) => new(CommandStep.Ask(AdminForms.Ask(
            "Getting a User's Last Login Time", "Fill out this form to get a user's last login time.",
            AdminForms.Accounts("The Jabber ID(s) for which to retrieve the last login time")), LastLoginAsync)));
        commands.Add("user-stats", "Get User Statistics", (_, _) => new(CommandStep.Ask(AdminForms.Ask(
            "Get User Statistics", "Fill out this form to gather user statistics.",
            AdminForms.Account("The Jabber ID for statistics")), StatisticsAsync)));
    }

    private async ValueTask<CommandStep> RosterAsync(CommandRequest request, DataForm form, CancellationToken cancellationToken)
    {
        var (accounts, problem) = await AccountTargets.FindAsync(store, request, form, "accountjids", cancellationToken);
        if (problem is not null)
            return problem;
        var results = new List<Element>();
        foreach (var account in accounts)
        {
            var items = await ListAsync(account.Jid, cancellationToken);
            results.Add(AdminForms.Result(AdminForms.Jids("accountjids", "The account", account.Jid.ToString())).ToElement()
                .Add(new Element(RosterItem.Query, items.Select(RosterItem.ToElement))));
        }
        return CommandStep.Done(results);
    }

    private async ValueTask<CommandStep> LastLoginAsync(CommandRequest request, DataForm form, CancellationToken cancellationToken)
    {
        var (accounts, problem) = await AccountTargets.FindAsync(store, request, form, "accountjids", cancellationToken);
        return problem ?? CommandStep.Done(accounts.Select(account => AdminForms.Result(
            AdminForms.Jids("accountjids", "The account", account.Jid.ToString()),
            FormField.Text("lastlogin", "The last login time", account.LastLogin is { } when ? XmppDateTime.Format(when) : null))));
    }

    private async ValueTask<CommandStep> StatisticsAsync(CommandRequest request, DataForm form, CancellationToken cancellationToken)
    {
        var (accounts, problem) = await AccountTargets.FindAsync(store, request, form, "accountjid", cancellationToken);
        if (problem is not null)
            return problem;
        var account = accounts[0].Jid;
        var online = sessions.Of(account).ToArray();
        var now = time.GetUtcNow();
        return CommandStep.Done(AdminForms.Result(
            new FormField("ipaddresses", FormFieldType.ListMulti,
                [.. online.Select(session => session.Address.Address.ToString()).Distinct()])
            { Label = "The IP addresses of an account's online sessions" },
            FormField.Text("rostersize", "Number of roster items for an account",
                Number((await ListAsync(account, cancellationToken)).Count)),
            // Registered as one line of text, yet shown with a value for each.
            new FormField("onlineresources", FormFieldType.TextMulti, [.. online.Select(session => session.Jid.Resource!)])
            { Label = "The names of an account's online sessions" },
            FormField.Text("stanzaspersecond", "The number of stanzas being sent per second by an account",
                Rate(online.Sum(session => session.StanzasSent / Seconds(now - session.Since)))),
            // Of the sessions that are there: nobody counts those that were.
            FormField.Text("loginsperminute", "The number of logins per minute for an account",
                Rate(online.Length == 0 ? 0 : 60 * online.Length / Seconds(now - online.Min(session => session.Since))))));
    }

    private async ValueTask<IReadOnlyList<RosterEntry>> ListAsync(Jid account, CancellationToken cancellationToken) =>
    [
        .. ((await rosters.LoadAsync(account, cancellationToken))?.Entries ?? [])
            .Where(entry => entry.IsListed)
            .OrderBy(entry => entry.Contact.ToString(), StringComparer.Ordinal),
    ];

    private static double Seconds(TimeSpan span) => Math.Max(span.TotalSeconds, 1);

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Rate(double rate) => rate.ToString("0.##", CultureInfo.InvariantCulture);
}
