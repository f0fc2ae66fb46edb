using Xmpp.Core;
using Xmpp.Core.Stanzas;
using Xmpp.Modules.Rosters;

namespace Xmpp.Server.Control;

/// <summary>Changes of rosters through the running server, so that everybody concerned is told.</summary>
internal sealed class RosterControl(Subscriptions subscriptions)
{
    public async ValueTask<object?> AddAsync(AddContactRequest add, CancellationToken cancellationToken) =>
        Succeeded(await subscriptions.SetItemAsync(add.Jid, add.Contact, add.Name, add.Groups, cancellationToken));

    public async ValueTask<object?> RemoveAsync(RemoveContactRequest remove, CancellationToken cancellationToken) =>
        Succeeded(await subscriptions.RemoveItemAsync(remove.Jid, remove.Contact, cancellationToken));

    public async ValueTask<object?> PushAsync(PushRosterRequest push, CancellationToken cancellationToken) =>
        await subscriptions.PushAllAsync(push.Jid, cancellationToken) ?? throw NoSuchAccount(push.Jid);

    /// <param name="exists">Whether there is an account.</param>
    public async ValueTask<object?> JoinAsync(
        JoinContactsRequest join, Func<Jid, CancellationToken, ValueTask<bool>> exists, CancellationToken cancellationToken)
    {
        var jids = join.Jids.Distinct().ToList();
        foreach (var jid in jids)
        {
            if (!await exists(jid, cancellationToken))
                throw NoSuchAccount(jid);
        }
        var pairs = 0;
        for (var i = 0; i < jids.Count; i++)
        {
            for (var j = i + 1; j < jids.Count; j++)
                pairs += await subscriptions.MakeContactsAsync(jids[i], jids[j], cancellationToken) ? 1 : 0;
        }
        return pairs;
    }

    public static ControlException NoSuchAccount(Jid account) => new($"There is no account {account}.");

    /// <summary>False when what it is about is not there.</summary>
    private static bool Succeeded(StanzaError? error) => error switch
    {
        null => true,
        { Condition: StanzaErrorCondition.ItemNotFound } => false,
        _ => throw new ControlException(error.Text ?? StanzaError.WireName(error.Condition)),
    };
}
