namespace Xmpp.Core.Storage;

/// <summary>How much of one kind an account may have.</summary>
/// <param name="MaxEntries">Values.</param>
/// <param name="MaxBytes">Of all values together.</param>
public readonly record struct AccountDataLimit(int MaxEntries, long MaxBytes);

/// <summary>What became of an attempt to keep a value.</summary>
public enum AccountDataOutcome
{
    Kept,
    NoAccount,

    /// <summary>With it the account would have more than it may.</summary>
    TooMuch,
}

/// <summary>
/// Small things that modules keep for accounts, by kind and key: a vCard, private XML, the last announcement seen. They go with
/// the account. A completed task means durably committed.
/// </summary>
public interface IAccountDataStore
{
    /// <summary>The value, or null.</summary>
    /// <param name="kind">The module's name for what it keeps, such as "vcard".</param>
    /// <param name="key">Which of them; "" where there is one.</param>
    ValueTask<ReadOnlyMemory<byte>?> FindAsync(Jid account, string kind, string key, CancellationToken cancellationToken);

    /// <summary>All values of a kind, by key in the order of their UTF-8 octets.</summary>
    ValueTask<IReadOnlyList<KeyValuePair<string, ReadOnlyMemory<byte>>>> ListAsync(
        Jid account, string kind, CancellationToken cancellationToken);

    /// <summary>Keeps a value in the place of the one before.</summary>
    /// <param name="limit">For all values of this kind that the account then has.</param>
    ValueTask<AccountDataOutcome> SetAsync(
        Jid account, string kind, string key, ReadOnlyMemory<byte> value, AccountDataLimit limit, CancellationToken cancellationToken);

    /// <summary>Removes a value; false when there was none.</summary>
    ValueTask<bool> RemoveAsync(Jid account, string kind, string key, CancellationToken cancellationToken);
}
