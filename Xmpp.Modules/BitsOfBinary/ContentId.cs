using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Xmpp.Modules.BitsOfBinary;

/// <summary>By what data is named: "sha1+8f35fef1…@bob.xmpp.org" (XEP-0231 §2.5).</summary>
internal static class ContentId
{
    private const string Domain = "@bob.xmpp.org";

    /// <summary>Whether it is the name of this content: a hash of it, by an algorithm that is known here.</summary>
    [SuppressMessage("Security", "CA5350", Justification = "Clients use it; whose data it is the account says.")]
    public static bool Names(string id, ReadOnlySpan<byte> content)
    {
        if (!id.EndsWith(Domain, StringComparison.Ordinal) || id.IndexOf('+', StringComparison.Ordinal) is not (> 0 and var plus))
            return false;
        var given = id[(plus + 1)..^Domain.Length];
        var hash = id[..plus] switch
        {
            "sha1" => SHA1.HashData(content),
            "sha-256" => SHA256.HashData(content),
            "sha-512" => SHA512.HashData(content),
            _ => null,
        };
        return hash is not null && given.Equals(Convert.ToHexString(hash), StringComparison.OrdinalIgnoreCase);
    }
}
