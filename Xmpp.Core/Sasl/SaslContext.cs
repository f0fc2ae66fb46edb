using System.Security.Cryptography.X509Certificates;
using Xmpp.Core.Storage;

namespace Xmpp.Core.Sasl;

/// <summary>What a mechanism may know about the stream it authenticates.</summary>
public sealed record SaslContext
{
    /// <summary>The virtual host the client addressed (domainpart, prepared).</summary>
    public required string Host { get; init; }

    public required bool IsEncrypted { get; init; }

    public required IAccountStore Accounts { get; init; }

    /// <summary>The channel's binding data, or null without TLS.</summary>
    public IChannelBinding? ChannelBinding { get; init; }

    /// <summary>The certificate the client showed in the TLS handshake, not yet judged, or null.</summary>
    public X509Certificate2? ClientCertificate { get; init; }

    /// <summary>
    /// The XMPP addresses that <see cref="ClientCertificate"/> proves (bare JIDs, each once), once its chain has been found valid;
    /// else empty. <see cref="CertificateIdentities"/> reads them out of a certificate.
    /// </summary>
    public IReadOnlyList<Jid> ProvenIdentities { get; init; } = [];

    /// <summary>The bare JID that the stream's 'from' names, where that counts (XEP-0388); else null.</summary>
    public Jid? StreamFrom { get; init; }

    /// <summary>Exactly the names sent in the stream features, in that order: nothing else is accepted, and XEP-0474 signs them.</summary>
    public required IReadOnlyList<string> OfferedMechanisms { get; init; }

    /// <summary>Whether a mechanism with channel binding is offered.</summary>
    public bool OffersChannelBinding => OfferedMechanisms.Any(name => name.EndsWith(ScramMechanism.PlusSuffix, StringComparison.Ordinal));

    /// <summary>The channel binding types to advertise (XEP-0440): none unless a mechanism can use them.</summary>
    public IReadOnlyList<string> OfferedChannelBindings => OffersChannelBinding && ChannelBinding is not null ? ChannelBinding.Types : [];

    /// <summary>
    /// The account that a simple user name means on this host, prepared (RFC 6120 §6.3.7); null when there can be none of that name.
    /// </summary>
    internal Jid? AccountOf(string username) =>
        username.Length > 0 && Jid.TryCreate(username, Host, resource: null, out var account) ? account : null;

    /// <summary>
    /// Whether an account may act as an authorization identity: as itself only, be it by leaving the identity out or by naming
    /// its own bare JID (RFC 6120 §6.3.8). Who names it has to be whom the stream is from (XEP-0388, Initiation).
    /// </summary>
    internal bool MayActAs(Jid account, string? authorizationId) =>
        string.IsNullOrEmpty(authorizationId)
        || (Jid.TryParse(authorizationId, out var identity) && identity.Equals(account)
            && (StreamFrom is null || StreamFrom.Equals(account)));
}

/// <summary>Channel binding data of a TLS channel (RFC 5929, RFC 9266).</summary>
public interface IChannelBinding
{
    /// <summary>The types this channel can give, such as "tls-exporter", best first.</summary>
    IReadOnlyList<string> Types { get; }

    /// <summary>The data of one type, or null when the channel can't give it.</summary>
    byte[]? Get(string type);
}
