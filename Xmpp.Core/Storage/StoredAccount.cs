namespace Xmpp.Core.Storage;

/// <summary>An account with all that belongs to it but its messages, of which there may be very many.</summary>
/// <param name="Account">Its address, keys and times.</param>
/// <param name="Roster">With the versions.</param>
/// <param name="Blocked">In no particular order.</param>
/// <param name="Data">By kind and key.</param>
/// <param name="Seen">Or null.</param>
public sealed record StoredAccount(
    Account Account, StoredRoster Roster, IReadOnlyList<Jid> Blocked, IReadOnlyList<DataRecord> Data, LastSeen? Seen)
{
    /// <summary>Addresses in the order of their UTF-8 octets.</summary>
    public static Comparer<Jid> Octets { get; } =
        Comparer<Jid>.Create((left, right) => left.Utf8.Span.SequenceCompareTo(right.Utf8.Span));

    /// <summary>Reads what belongs to an account; null when it is gone.</summary>
    public static async ValueTask<StoredAccount?> ReadAsync(IStore store, Account account, CancellationToken cancellationToken)
    {
        var jid = account.Jid;
        var roster = store.Rosters.LoadAsync(jid, cancellationToken).AsTask();
        var blocked = store.BlockLists.LoadAsync(jid, cancellationToken).AsTask();
        var data = store.Transfer.ReadDataAsync(jid, cancellationToken).AsTask();
        var seen = store.LastSeen.FindAsync(jid, cancellationToken).AsTask();
        await Task.WhenAll(roster, blocked, data, seen);
        return await roster is { } found ? new(account, found, await blocked, await data, await seen) : null;
    }

    /// <summary>The records that it consists of, in their order; always the same for the same content.</summary>
    public IEnumerable<StoreRecord> ToRecords()
    {
        var jid = Account.Jid;
        yield return new AccountRecord(Account, Roster.Version, Roster.Floor);
        foreach (var entry in Roster.Entries.OrderBy(entry => entry.Contact, Octets))
            yield return new ContactRecord(jid, entry);
        foreach (var (contact, version) in Roster.Removed.OrderBy(removal => removal.Contact, Octets))
            yield return new RemovalRecord(jid, contact, version);
        foreach (var blocked in Blocked.Order(Octets))
            yield return new BlockedRecord(jid, blocked);
        foreach (var data in Data)
            yield return data;
        if (Seen is not null)
            yield return new LastSeenRecord(jid, Seen);
    }

}
