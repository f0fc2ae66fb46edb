using System.Security.Cryptography.X509Certificates;
using Xmpp.Core.Storage;

namespace Xmpp.Core.Sasl;

/// <summary>What a mechanism may know about the stream it authenticates.</summary>
public sealed class SaslContext
{
    /// <summary>The virtual host the client addressed (domainpart, prepared).</summary>
    public required string Host { get; init; }

    public required bool IsEncrypted { get; init; }

    public required IAccountStore Accounts { get; init; }

    /// <summary>The channel's binding data, or null without TLS.</summary>
    public IChannelBinding? ChannelBinding { get; init; }

    /// <summary>The certificate the client showed in the TLS handshake, not yet judged, or null.</summary>
    public X509Certificate2? ClientCertificate { get; init; }

    /// <summary>Exactly the names sent in the stream features, in that order: nothing else is accepted, and XEP-0474 signs them.</summary>
    public required IReadOnlyList<string> OfferedMechanisms { get; init; }
}

/// <summary>Channel binding data of a TLS channel (RFC 5929, RFC 9266).</summary>
public interface IChannelBinding
{
    /// <summary>The types this channel can give, such as "tls-exporter", best first.</summary>
    IReadOnlyList<string> Types { get; }

    /// <summary>The data of one type, or null when the channel can't give it.</summary>
    byte[]? Get(string type);
}
