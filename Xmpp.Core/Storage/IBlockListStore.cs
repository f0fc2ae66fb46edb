namespace Xmpp.Core.Storage;

/// <summary>Whom accounts have blocked (XEP-0191). A completed task means durably committed.</summary>
public interface IBlockListStore
{
    /// <summary>An account's list in no particular order; empty also when there is no such account.</summary>
    ValueTask<IReadOnlyList<Jid>> LoadAsync(Jid account, CancellationToken cancellationToken);

    /// <summary>Adds and removes in one step; false when there is no such account. What is there, or isn't, already, may be named again.</summary>
    ValueTask<bool> ChangeAsync(Jid account, IReadOnlyList<Jid> added, IReadOnlyList<Jid> removed, CancellationToken cancellationToken);
}
