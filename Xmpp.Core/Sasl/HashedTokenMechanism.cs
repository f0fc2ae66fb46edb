using System.Security.Cryptography;

namespace Xmpp.Core.Sasl;

/// <summary>
/// A mechanism of the family HT (draft-schmaus-kitten-sasl-ht-09) with SHA-256: a token proves itself in one message by its HMAC of what
/// binds it to the channel. Tokens are high in entropy, so nothing has to make guessing slow.
/// </summary>
public sealed class HashedTokenMechanism
{
    private readonly string? _bindingType;

    private HashedTokenMechanism(string suffix, string? bindingType) => (Name, _bindingType) = ($"HT-SHA-256-{suffix}", bindingType);

    /// <summary>Every mechanism, best first.</summary>
    public static IReadOnlyList<HashedTokenMechanism> All { get; } =
    [
        new("EXPR", "tls-exporter"), new("UNIQ", "tls-unique"), new("ENDP", "tls-server-end-point"), new("NONE", null),
    ];

    public string Name { get; }

    /// <summary>Whether a channel can be bound as the mechanism wants it. None is used outside TLS (XEP-0484, Security Considerations).</summary>
    public bool IsAvailable(SaslContext context) =>
        context.IsEncrypted && (_bindingType is null || context.ChannelBinding?.Types.Contains(_bindingType) == true);

    /// <summary>What binds the token to the channel; null when the channel can't give it.</summary>
    internal byte[]? BindingOf(SaslContext context) => _bindingType is null ? [] : context.ChannelBinding?.Get(_bindingType);

    /// <param name="party">"Initiator" or "Responder".</param>
    internal static byte[] Hash(ReadOnlySpan<byte> token, ReadOnlySpan<byte> party, ReadOnlySpan<byte> binding) =>
        HMACSHA256.HashData(token, [.. party, .. binding]);
}
