using System.Security.Cryptography;

namespace Xmpp.Core.Sasl;

/// <summary>
/// SCRAM with one hash, with or without channel binding (RFC 5802, RFC 7677). A login costs a handful of HMACs; PBKDF2 runs only
/// where a password is set.
/// </summary>
/// <param name="hash">The hash function.</param>
/// <param name="bindsChannel">True for the -PLUS form.</param>
/// <param name="decoys">What accounts that don't exist answer with.</param>
public sealed class ScramMechanism(ScramHash hash, bool bindsChannel, DecoyKeys decoys) : ISaslMechanism
{
    /// <summary>Ends the names of the forms with channel binding (RFC 5802 §4).</summary>
    public const string PlusSuffix = "-PLUS";

    public string Name { get; } = bindsChannel ? hash.Mechanism + PlusSuffix : hash.Mechanism;

    public ScramHash Hash => hash;

    /// <summary>True for the -PLUS form.</summary>
    public bool BindsChannel => bindsChannel;

    internal DecoyKeys Decoys => decoys;

    /// <summary>The server's part of a nonce: 24 printable characters without a comma.</summary>
    internal Func<string> NewNonce { get; init; } = () => Convert.ToBase64String(RandomNumberGenerator.GetBytes(18));

    public bool IsAvailable(SaslContext context) =>
        !bindsChannel || context is { IsEncrypted: true, ChannelBinding.Types.Count: > 0 };

    public ISaslExchange Start(SaslContext context) => new ScramExchange(this, context);
}
