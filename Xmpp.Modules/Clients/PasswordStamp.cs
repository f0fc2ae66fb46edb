using System.Buffers.Text;
using System.Security.Cryptography;
using Xmpp.Core.Storage;

namespace Xmpp.Modules.Clients;

/// <summary>
/// Tells one password of an account from the next: a few octets of a hash of its keys. What bears the stamp of a password ends when another
/// one is set, by whatever way, and goes on when keys of a further hash are added (XEP-0480).
/// </summary>
internal static class PasswordStamp
{
    private const int Length = 9;

    /// <summary>"" for an account without a password.</summary>
    public static string Of(Account account) => account.Keys.Count == 0 ? "" : Of(account.Keys[0]);

    public static bool IsOf(Account account, string? stamp) =>
        stamp is not null && (account.Keys.Count == 0 ? stamp == "" : account.Keys.Any(keys => Of(keys) == stamp));

    private static string Of(ScramKeys keys) => Base64Url.EncodeToString(SHA256.HashData(keys.StoredKey.Span).AsSpan(0, Length));
}
