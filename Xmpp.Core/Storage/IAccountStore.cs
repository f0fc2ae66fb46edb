namespace Xmpp.Core.Storage;

/// <summary>The keys that SCRAM needs of one hash (RFC 5802 §3): no password can be recovered from them.</summary>
/// <param name="Hash">"SHA-1", "SHA-256" or "SHA-512".</param>
/// <param name="Salt">At least 16 random bytes.</param>
/// <param name="Iterations">PBKDF2 iterations.</param>
/// <param name="StoredKey">H(ClientKey).</param>
/// <param name="ServerKey">HMAC(SaltedPassword, "Server Key").</param>
public sealed record ScramKeys(string Hash, ReadOnlyMemory<byte> Salt, int Iterations, ReadOnlyMemory<byte> StoredKey, ReadOnlyMemory<byte> ServerKey);

/// <summary>An account as stored. <paramref name="Jid"/> is its bare JID.</summary>
/// <param name="Jid">The bare JID, the key.</param>
/// <param name="Keys">One entry per SCRAM hash.</param>
/// <param name="Enabled">A disabled account can't log in; its data stays.</param>
/// <param name="Created">When it was added.</param>
/// <param name="LastLogin">The last successful authentication, or null.</param>
public sealed record Account(Jid Jid, IReadOnlyList<ScramKeys> Keys, bool Enabled, DateTimeOffset Created, DateTimeOffset? LastLogin);

/// <summary>
/// The accounts of every host. A completed task means durably committed. Failures to store are
/// <see cref="StoreException"/>; everything expected (no such account, already there) is a return value.
/// </summary>
public interface IAccountStore
{
    ValueTask<Account?> FindAsync(Jid account, CancellationToken cancellationToken);

    /// <summary>Adds an account; false when there is one of that name.</summary>
    ValueTask<bool> AddAsync(Account account, CancellationToken cancellationToken);

    /// <summary>Replaces the keys; false when there is no such account.</summary>
    ValueTask<bool> SetKeysAsync(Jid account, IReadOnlyList<ScramKeys> keys, CancellationToken cancellationToken);

    /// <summary>Enables or disables; false when there is no such account.</summary>
    ValueTask<bool> SetEnabledAsync(Jid account, bool enabled, CancellationToken cancellationToken);

    /// <summary>Notes a login. May be committed later than the task completes: losing one in a crash is no loss.</summary>
    ValueTask SetLastLoginAsync(Jid account, DateTimeOffset when, CancellationToken cancellationToken);

    /// <summary>Removes the account; false when there was none.</summary>
    ValueTask<bool> DeleteAsync(Jid account, CancellationToken cancellationToken);

    /// <summary>A page of a host's accounts in the order of their names' UTF-8 octets, starting behind <paramref name="after"/>.</summary>
    ValueTask<IReadOnlyList<Account>> ListAsync(string host, string? after, int limit, CancellationToken cancellationToken);

    ValueTask<long> CountAsync(string host, CancellationToken cancellationToken);
}
