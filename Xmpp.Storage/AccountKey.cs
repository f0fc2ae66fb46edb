using Xmpp.Core;

namespace Xmpp.Storage;

/// <summary>What an account is found by.</summary>
internal static class AccountKey
{
    /// <exception cref="ArgumentException">It is no bare JID with a localpart.</exception>
    public static (string Host, string Name) Of(Jid account) => account is { Local: { } name, Resource: null }
        ? (account.Domain, name)
        : throw new ArgumentException($"{account} is not the bare JID of an account.", nameof(account));
}
