using System.Net;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Core.Streams;
using Xmpp.Core.Xml;

namespace Xmpp.Core.Modules;

/// <summary>What can be told of whether what is sent to a session now reaches its client.</summary>
public enum Reachability
{
    /// <summary>It has a connection, and somebody looks at it.</summary>
    Connected,

    /// <summary>
    /// It has a connection, which may be dead: its client acknowledges what it gets (XEP-0198), or nobody looks at it (XEP-0352).
    /// </summary>
    Unproven,

    /// <summary>Its connection is lost.</summary>
    Away,
}

/// <summary>A connected resource: what remains of a client between binding and the end of its session.</summary>
public interface ISession
{
    /// <summary>The full JID.</summary>
    Jid Jid { get; }

    /// <summary>When the resource was bound.</summary>
    DateTimeOffset Since { get; }

    /// <summary>The xml:lang of the client's stream, which its stanzas have unless they say otherwise (RFC 6120 §8.1.5); or null.</summary>
    string? Language { get; }

    /// <summary>Where the client is: IP address and port.</summary>
    IPEndPoint Address { get; }

    /// <summary>The presence by which the resource is available; null while it is only connected.</summary>
    AvailablePresence? Presence { get; set; }

    /// <summary>Puts another presence in the place of one, unless that isn't the session's any more.</summary>
    bool TryReplacePresence(AvailablePresence before, AvailablePresence after);

    /// <summary>For how long its client has sent neither a message nor presence; to about a second.</summary>
    TimeSpan IdleTime { get; }

    /// <summary>What can be told of whether what is sent now reaches the client.</summary>
    Reachability Reach { get; }

    /// <summary>Whether its client can come back to it after the server was restarted (XEP-0198).</summary>
    bool OutlivesProcess { get; }

    /// <summary>Another number whenever anything has come from the client, be it only an acknowledgement, or it has come back.</summary>
    long Heard { get; }

    /// <summary>How many stanzas its client has sent.</summary>
    long StanzasSent { get; }

    /// <summary>
    /// Set while older messages to its account are still on their way to the session. Newer ones to the bare JID don't come in between:
    /// unless another session can take them, they count as undelivered.
    /// </summary>
    bool IsCatchingUp { get; set; }

    /// <summary>What modules keep for the session; gone with it.</summary>
    SessionState State { get; }

    /// <summary>Queues a stanza. Never waits; a session whose client doesn't read is ended.</summary>
    void Send(Element stanza);

    /// <summary>Queues a stanza that is bytes already, complete with its addresses.</summary>
    void Send(ReadOnlySpan<byte> stanza);

    /// <summary>Queues several stanzas of that kind, which leave together.</summary>
    void Send(IReadOnlyList<ReadOnlyMemory<byte>> stanzas);

    /// <summary>Queues a stanza that others get as well, addressed to <paramref name="to"/>: this session's full JID or its bare JID.</summary>
    void Send(BroadcastStanza stanza, Jid to);

    /// <summary>
    /// Queues what a service makes for many of a stanza that one has sent. A session that ends before its client has it takes it along: it
    /// goes nowhere else.
    /// </summary>
    /// <param name="to">The session's full JID.</param>
    /// <param name="sender">
    /// Whose stanza it is that is being handled, where that is local: should the server be killed now it isn't there twice.
    /// </param>
    void Send(BroadcastStanza stanza, Jid to, ISession? sender);

    /// <summary>
    /// Puts into archives what the stanza says that the session's client has just sent and that is being handled. Nobody waits for that,
    /// unless it fails at once; the client is told that its stanza was handled (XEP-0198) only when it is there, and gets an error if it
    /// fails.
    /// </summary>
    /// <exception cref="StoreException">The archives can't take it.</exception>
    ValueTask KeepAsync(IReadOnlyList<ArchiveEntry> messages);

    /// <summary>Ends the session with a stream error.</summary>
    void End(StreamError error);
}

/// <summary>The sessions of local accounts.</summary>
public interface ISessionDirectory
{
    /// <summary>The session bound to a full JID, or null.</summary>
    ISession? Find(Jid fullJid);

    /// <summary>A snapshot of an account's sessions; empty when there are none.</summary>
    ReadOnlySpan<ISession> Of(Jid account);

    /// <summary>A snapshot of all sessions.</summary>
    IReadOnlyCollection<ISession> All { get; }

    /// <summary>
    /// Sets the presence of a session, that it be available. When messages to the account may now reach it, which they might not before,
    /// those who registered for <see cref="IModuleBuilder.BecomingAvailable"/> come first.
    /// </summary>
    ValueTask MakeAvailableAsync(ISession session, AvailablePresence presence);

    /// <summary>Runs what sends a lot: each client gets what is for it in one go, at the end.</summary>
    void Together(Action send);

    /// <inheritdoc cref="Together(Action)"/>
    T Together<TState, T>(TState state, Func<TState, T> send);

    /// <summary>Lets leave now what was sent <see cref="Together(Action)"/> on this thread until now.</summary>
    void Flush();
}
