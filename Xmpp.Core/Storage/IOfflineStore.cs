namespace Xmpp.Core.Storage;

/// <summary>A message kept for an account (XEP-0160).</summary>
/// <param name="Id">Grows in the order in which messages were kept.</param>
/// <param name="At">When it was kept, in milliseconds' precision.</param>
/// <param name="Stanza">The message as it would have been delivered, as UTF-8 for the namespace "jabber:client".</param>
public sealed record OfflineMessage(long Id, DateTimeOffset At, ReadOnlyMemory<byte> Stanza);

/// <summary>What became of an attempt to keep a message.</summary>
public enum OfflineOutcome
{
    Kept,

    /// <summary>The account has as many as it may.</summary>
    Full,

    NoAccount,
}

/// <summary>Messages for accounts that nobody could take. A completed task means durably committed.</summary>
public interface IOfflineStore
{
    /// <summary>Keeps a message behind those that are there.</summary>
    /// <param name="limit">How many an account may have.</param>
    ValueTask<OfflineOutcome> AddAsync(
        Jid account, DateTimeOffset at, ReadOnlyMemory<byte> stanza, int limit, CancellationToken cancellationToken);

    /// <summary>A page of an account's messages in order, beginning behind <paramref name="after"/> (0: the first).</summary>
    ValueTask<IReadOnlyList<OfflineMessage>> ReadAsync(Jid account, long after, int count, CancellationToken cancellationToken);

    /// <summary>Removes an account's messages from one id up to another, both included.</summary>
    /// <returns>How many there were.</returns>
    ValueTask<int> RemoveAsync(Jid account, long from, long upTo, CancellationToken cancellationToken);

    ValueTask<int> CountAsync(Jid account, CancellationToken cancellationToken);
}
