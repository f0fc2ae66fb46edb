using System.Buffers;
using System.Net;
using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;
using Xmpp.Server.Hosting;
using Xmpp.Server.Sessions.Journal;
using Xmpp.Server.Streams;
using Xmpp.Server.Transport;

namespace Xmpp.Server.Sessions;

/// <summary>
/// A bound resource. It outlives its connection when the client has asked for that (XEP-0198): then it is without a stream for a while.
/// </summary>
internal sealed partial class ClientSession : ISession, ICommitmentOwner
{
    private readonly ServerContext _server;
    private SessionState? _state;
    private AvailablePresence? _presence;
    private volatile bool _isCatchingUp;
    private int _hasEnded;

    // Written by the stream's loop only.
    private long _stanzas;
    private long _heard;
    private int _activeAt;

    public ClientSession(ServerContext server, Jid jid, ClientStream stream, string? language, DateTimeOffset since)
    {
        _server = server;
        Jid = jid;
        Since = since;
        _stream = stream;
        Language = language;
        Stamp = StampFor(jid, null);
        StampWithLanguage = language is null ? Stamp : StampFor(jid, language);
    }

    public Jid Jid { get; }

    public DateTimeOffset Since { get; }

    /// <summary>The stream's xml:lang, or null.</summary>
    public string? Language { get; }

    /// <summary>Where its client is, or was last.</summary>
    public IPEndPoint Address => Stream?.Connection.RemoteEndPoint ?? _lastAddress!;

    public AvailablePresence? Presence
    {
        get => Volatile.Read(ref _presence);
        set
        {
            Interlocked.Exchange(ref _presence, value); // A full fence: who sets it looks at others next.
            WriteDetailsDown();
        }
    }

    public bool TryReplacePresence(AvailablePresence before, AvailablePresence after)
    {
        if (Interlocked.CompareExchange(ref _presence, after, before) != before)
            return false;
        WriteDetailsDown();
        return true;
    }

    public TimeSpan IdleTime => TimeSpan.FromSeconds(Math.Max(0, _server.Clock.Seconds - Volatile.Read(ref _activeAt)));

    public Reachability Reach => Stream is null ? Reachability.Away
        : Management is not null || IsInactive ? Reachability.Unproven
        : Reachability.Connected;

    public long Heard => Volatile.Read(ref _heard);

    public long StanzasSent => Volatile.Read(ref _stanzas);

    public bool IsCatchingUp
    {
        get => _isCatchingUp;
        set => _isCatchingUp = value;
    }

    public SessionState State =>
        _state ?? Interlocked.CompareExchange(ref _state, new SessionState { Changed = WriteDetailsDown }, null) ?? _state!;

    /// <summary>The attribute that replaces a stanza's own 'from': <c> from='juliet@example.com/balcony'</c>, escaped.</summary>
    public byte[] Stamp { get; }

    /// <summary>The full JID in quotes, as in the <see cref="Stamp"/>.</summary>
    public ReadOnlySpan<byte> QuotedJid => Stamp.AsSpan(" from=".Length);

    /// <summary>The stamp with the stream's xml:lang, for stanzas that have none of their own (RFC 6120 §8.1.5).</summary>
    public byte[] StampWithLanguage { get; }

    public void Send(Element stanza)
    {
        var output = Scratch.Rent();
        XmlStreamWriter.Write(output, stanza, Namespaces.Client);
        Send(output.WrittenSpan);
    }

    public void Send(ReadOnlySpan<byte> stanza) => Send(stanza, null, default);

    public void Send(BroadcastStanza stanza, Jid to, ISession? sender) =>
        Send(stanza, to, ((ClientSession?)sender)?.OriginOfCurrent ?? default);

    /// <summary>Queues a stanza that others get as well, who keep it should this session end before its client has it.</summary>
    /// <param name="origin">The message that it is a copy of.</param>
    public void Send(BroadcastStanza stanza, Jid to, StanzaOrigin origin)
    {
        var output = Scratch.Rent();
        Write(stanza, to, output);
        Send(output.WrittenSpan, Copies.Elsewhere, origin);
    }

    public void Send(IReadOnlyList<ReadOnlyMemory<byte>> stanzas)
    {
        using var batch = OutputBatch.Begin();
        foreach (var stanza in stanzas)
            Send(stanza.Span, Copies.Elsewhere, default);
    }

    public void Send(BroadcastStanza stanza, Jid to)
    {
        var output = Scratch.Rent();
        Write(stanza, to, output);
        Send(output.WrittenSpan);
    }

    /// <summary>Counts a stanza of its client.</summary>
    /// <param name="isActivity">Whether a person may have sent it: many IQs are programs' talk.</param>
    public void Note(bool isActivity)
    {
        Volatile.Write(ref _stanzas, _stanzas + 1);
        if (isActivity)
            NoteActivity();
    }

    /// <summary>Something has come from the client.</summary>
    public void NoteHeard() => Volatile.Write(ref _heard, _heard + 1);

    /// <summary>The person at the client is active.</summary>
    public void NoteActivity() => Volatile.Write(ref _activeAt, _server.Clock.Seconds);

    /// <summary>True for the first who calls it.</summary>
    public bool TryEnd() => Interlocked.Exchange(ref _hasEnded, 1) == 0;

    /// <summary>Writes a stanza for an address, mostly this session's own, which need not be escaped again.</summary>
    private void Write(BroadcastStanza stanza, Jid to, IBufferWriter<byte> output)
    {
        if (to == Jid)
            stanza.Write(output, QuotedJid);
        else
            stanza.Write(output, to);
    }

    private static byte[] StampFor(Jid jid, string? language)
    {
        var output = new ArrayBufferWriter<byte>(96);
        output.Write(" from='"u8);
        XmlStreamWriter.WriteEscaped(output, jid.ToString());
        if (language is not null)
        {
            output.Write("' xml:lang='"u8);
            XmlStreamWriter.WriteEscaped(output, language);
        }
        output.Write("'"u8);
        return output.WrittenSpan.ToArray();
    }
}
