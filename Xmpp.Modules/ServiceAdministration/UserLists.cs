using System.Globalization;
using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;

namespace Xmpp.Modules;

/// <summary>XEP-0133 §4.13 to §4.22: how many users there are of each kind, and which.</summary>
internal sealed class UserLists(
    IAccountStore store, ISessionDirectory sessions, ServiceAdministrationOptions options)
{
    private const int PageSize = 500;

    private enum Activity
    {
        Any,
        Active,
        Idle,
    }

    public void Register(AdminCommands commands)
    {
        Add("get-registered-users", "Registered Users", "registeredusersnum", "The number of registered users",
            "get-registered-users-list", "registereduserjids", "The list of all users",
            CountRegisteredAsync, (host, _) => RegisteredAsync(host, _ => true));
        Add("get-disabled-users", "Disabled Users", "disabledusersnum", "The number of disabled users",
            "get-disabled-users-list", "disableduserjids", "The list of all disabled users",
            CountDisabledAsync, (host, _) => RegisteredAsync(host, account => !account.Enabled));
        AddOnline("get-online-users", "Online Users", "onlineusersnum", "The number of online users",
            "get-online-users-list", "onlineuserjids", "The list of all online users", Activity.Any);
        AddOnline("get-active-users", "Active Users", "activeusersnum", "The number of active users",
            "get-active-users", "activeuserjids", "The list of active users", Activity.Active);
        // §4.22 has no field of its own.
        AddOnline("get-idle-users", "Idle Users", "idleusersnum", "The number of idle users",
            "get-idle-users", "activeuserjids", "The list of idle users", Activity.Idle);

        void AddOnline(
            string node, string who, string countVar, string countLabel, string listNode, string listVar, string listLabel,
            Activity kind) =>
            Add(node, who, countVar, countLabel, listNode, listVar, listLabel,
                (host, _) => new(Online(host, kind).Count), (host, _) => Online(host, kind).ToAsyncEnumerable());

        void Add(
            string node, string who, string countVar, string countLabel, string listNode, string listVar, string listLabel,
            Func<string, CancellationToken, ValueTask<long>> count, Func<string, CancellationToken, IAsyncEnumerable<Jid>> list)
        {
            commands.Add($"{node}-num", $"Get Number of {who}", async (request, cancellationToken) =>
                CommandStep.Done(AdminForms.Result(FormField.Text(
                    countVar, countLabel, (await count(request.Host, cancellationToken)).ToString(CultureInfo.InvariantCulture)))));
            commands.Add(listNode, $"Get List of {who}", (_, _) => new(CommandStep.Ask(AdminForms.Ask(
                $"Requesting List of {who}", $"Fill out this form to request the {who.ToLowerInvariant()} of this service.",
                AdminForms.MaxItems()), (request, form, cancellationToken) => ListAsync(
                    form, listVar, listLabel, list(request.Host, cancellationToken), cancellationToken))));
        }
    }

    private async ValueTask<CommandStep> ListAsync(
        DataForm form, string var, string label, IAsyncEnumerable<Jid> users, CancellationToken cancellationToken)
    {
        int? wanted = form.Value("max_items") is { Length: > 0 } text and not "none" ? int.Parse(text, CultureInfo.InvariantCulture) : null;
        var found = await users.Take(wanted ?? (options.MaxListedUsers + 1)).ToListAsync(cancellationToken);
        return wanted is null && found.Count > options.MaxListedUsers
            ? CommandStep.Fail(StanzaErrorCondition.NotAcceptable, $"There are more than {options.MaxListedUsers}: say how many to show.")
            : CommandStep.Done(AdminForms.Result(AdminForms.Jids(var, label, found.Select(user => user.ToString()))));
    }

    private ValueTask<long> CountRegisteredAsync(string host, CancellationToken cancellationToken) =>
        store.CountAsync(host, cancellationToken);

    private async ValueTask<long> CountDisabledAsync(string host, CancellationToken cancellationToken) =>
        await RegisteredAsync(host, account => !account.Enabled).LongCountAsync(cancellationToken);

    private async IAsyncEnumerable<Jid> RegisteredAsync(string host, Func<Account, bool> isWanted)
    {
        for (string? after = null; ;)
        {
            var page = await store.ListAsync(host, after, PageSize, CancellationToken.None);
            foreach (var account in page.Where(isWanted))
                yield return account.Jid;
            if (page.Count < PageSize)
                yield break;
            after = page[^1].Jid.Local;
        }
    }

    /// <summary>§4.15: who has a connected resource. Active is who used one of them lately, idle who didn't.</summary>
    private List<Jid> Online(string host, Activity kind)
    {
        var idle = new Dictionary<Jid, bool>();
        foreach (var session in sessions.All)
        {
            var account = session.Jid.Bare;
            if (account.Domain == host)
                idle[account] = idle.GetValueOrDefault(account, true) && session.IdleTime >= options.IdleAfter;
        }
        return
        [
            .. idle.Where(user => kind == Activity.Any || user.Value == (kind == Activity.Idle))
                .Select(user => user.Key)
                .OrderBy(user => user.ToString(), StringComparer.Ordinal),
        ];
    }
}
