using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;

namespace Xmpp.Modules;

/// <summary>Which accounts a command is about.</summary>
internal static class AccountTargets
{
    /// <summary>Why a command asked of a host can't be about these addresses, or null.</summary>
    /// <param name="mayBeFull">Whether one session can be meant.</param>
    public static CommandStep? Check(CommandRequest request, IReadOnlyList<Jid> accounts, bool mayBeFull = false)
    {
        foreach (var account in accounts)
        {
            if (account.Local is null || (account.IsFull && !mayBeFull))
                return CommandStep.Refuse($"{account} is not the address of an account.");
            if (account.Domain != request.Host)
            {
                return CommandStep.Fail(
                    StanzaErrorCondition.NotAllowed, $"{account} is not at {request.Host}, whose accounts this command is about.");
            }
        }
        return null;
    }

    /// <summary>The accounts that a form names, when they are all there; else why not.</summary>
    public static async ValueTask<(IReadOnlyList<Account> Accounts, CommandStep? Problem)> FindAsync(
        IAccountStore store, CommandRequest request, DataForm form, string var, CancellationToken cancellationToken)
    {
        var jids = form.Jids(var);
        if (Check(request, jids) is { } problem)
            return ([], problem);
        var accounts = new List<Account>();
        foreach (var jid in jids)
        {
            if (await store.FindAsync(jid, cancellationToken) is not { } account)
                return ([], NotFound(jid));
            accounts.Add(account);
        }
        return (accounts, null);
    }

    public static CommandStep NotFound(Jid account) =>
        CommandStep.Fail(StanzaErrorCondition.ItemNotFound, $"There is no account {account}.");
}
