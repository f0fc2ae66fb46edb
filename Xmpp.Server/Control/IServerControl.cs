using System.Net;
using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Storage;
using Xmpp.Modules.Clients;
using Xmpp.Modules.PubSub;
using Xmpp.Modules.Rooms;
using Xmpp.Modules.Uploads;
using Xmpp.Modules.Rosters;
using Xmpp.Server.Diagnostics;
using Xmpp.Server.Hosting;

namespace Xmpp.Server.Control;

/// <summary>What <c>xmppctl</c> may see and do of a running server. Every member may be called from any thread.</summary>
public interface IServerControl
{
    /// <summary>The options in force.</summary>
    ServerOptions Options { get; }

    IStore Store { get; }

    /// <summary>Changes to accounts, with all that goes with them.</summary>
    IAccountService Accounts { get; }

    /// <summary>Changes to rosters, with all that goes with them.</summary>
    Subscriptions Subscriptions { get; }

    /// <summary>The clients that have access to accounts.</summary>
    ClientDirectory Clients { get; }

    /// <summary>The rooms; null when there are none.</summary>
    RoomAdministration? Rooms { get; }

    UploadDirectory Uploads { get; }

    /// <summary>The nodes of accounts and of services.</summary>
    PubSubAdministration PubSub { get; }

    /// <summary>The streams with other servers; null when this one doesn't talk to others.</summary>
    IFederationControl? Federation { get; }

    DateTimeOffset Started { get; }

    /// <summary>"openssl" or "sslstream".</summary>
    string TlsEngine { get; }

    /// <summary>The certificates in use, as they were when they were loaded.</summary>
    IReadOnlyList<HostCertificate> Certificates { get; }

    /// <summary>What is listened on, with the ports that the system chose.</summary>
    IReadOnlyList<ListenerInfo> Listeners { get; }

    /// <summary>Open connections, bound or not.</summary>
    int Connections { get; }

    /// <summary>Bound sessions.</summary>
    int Sessions { get; }

    /// <summary>Stanzas that clients have not acknowledged.</summary>
    QueueTotals Queues { get; }

    /// <summary>Messages that had to be kept.</summary>
    CommitTotals Commits { get; }

    IReadOnlyCollection<SessionInfo> ListSessions();

    /// <summary>Sends a message to the online users of a host.</summary>
    /// <returns>How many they are.</returns>
    ValueTask<int> AnnounceAsync(string host, string text, CancellationToken cancellationToken);

    /// <summary>Reads the configuration and the certificates again and applies what can be applied without dropping sessions.</summary>
    ValueTask<ReloadReport> ReloadAsync(CancellationToken cancellationToken);
}

/// <param name="EndPoint">Address and port.</param>
/// <param name="Tls">How its bytes are protected.</param>
public sealed record ListenerInfo(IPEndPoint EndPoint, ListenerTls Tls, bool IsHttp = false);

/// <summary>A bound session.</summary>
/// <param name="Jid">Its full JID.</param>
/// <param name="Address">The client's IP address and port.</param>
/// <param name="Tls">Protocol, such as "TLSv1.3"; null without TLS.</param>
/// <param name="Since">When its resource was bound.</param>
/// <param name="Availability">"available", or what <c>&lt;show/&gt;</c> says (RFC 6121 §4.7.2.1); null before initial presence.</param>
/// <param name="Priority">Of its presence; null before initial presence.</param>
/// <param name="Connection">Whether its client is there.</param>
public sealed record SessionInfo(
    Jid Jid, string Address, string? Tls, DateTimeOffset Since, string? Availability, int? Priority, SessionConnection Connection);

/// <summary>How a session stands to its connection (XEP-0198).</summary>
public enum SessionConnection
{
    /// <summary>Connected; it ends with the connection.</summary>
    Connected,

    /// <summary>Connected; when the connection is lost it waits for its client.</summary>
    Resumable,

    /// <summary>Without a connection, waiting for its client.</summary>
    Away,
}

/// <summary>What a reload did.</summary>
/// <param name="Applied">Keys that changed and are in force, and certificates that were replaced.</param>
/// <param name="NeedRestart">Keys that changed and come into force with the next start.</param>
/// <param name="Problems">Why nothing was changed; empty when all went well.</param>
/// <param name="Warnings">What should be mended.</param>
public sealed record ReloadReport(
    IReadOnlyList<string> Applied, IReadOnlyList<string> NeedRestart, IReadOnlyList<string> Problems, IReadOnlyList<string> Warnings);
