using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using Xmpp.Core;

namespace Xmpp.Modules.ExternalServices;

/// <summary>Credentials for a while, as TURN servers check them that share a secret (draft-uberti-behave-turn-rest-00 §2.2).</summary>
internal readonly record struct TurnCredentials(string Username, string Password)
{
    [SuppressMessage("Security", "CA5350", Justification = "It is what the servers know.")]
    public static TurnCredentials For(Jid account, string secret, DateTimeOffset expires)
    {
        var key = Encoding.UTF8.GetBytes(secret);
        // Quotas of the server are for each name; whose it is it doesn't learn.
        var name = Convert.ToHexStringLower(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(account.ToString())))[..16];
        var username = $"{expires.ToUnixTimeSeconds()}:{name}";
        return new(username, Convert.ToBase64String(HMACSHA1.HashData(key, Encoding.UTF8.GetBytes(username))));
    }
}
