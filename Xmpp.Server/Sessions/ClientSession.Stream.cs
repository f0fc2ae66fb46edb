using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Net;
using Xmpp.Core.Streams;
using Xmpp.Core.Xml;
using Xmpp.Server.Sessions.Journal;
using Xmpp.Server.Streams;
using Xmpp.Server.Transport;

namespace Xmpp.Server.Sessions;

/// <summary>What becomes of a session whose stream is over.</summary>
internal enum StreamLoss
{
    /// <summary>It is over too.</summary>
    Over,

    /// <summary>It waits for its client to come back.</summary>
    Hibernating,

    /// <summary>It has another stream by now.</summary>
    Replaced,
}

/// <summary>What came of an attempt to resume a session.</summary>
internal enum Resumption
{
    Resumed,

    /// <summary>It has ended.</summary>
    Over,

    /// <summary>The client says that it has more than it was sent.</summary>
    CountTooHigh,
}

/// <content>
/// The session and its stream, of which there may be several in turn (XEP-0198). One small lock keeps what is sent, what is counted and
/// what is acknowledged the same thing; bytes leave after it is released.
/// </content>
internal sealed partial class ClientSession
{
    private readonly Lock _gate = new();
    private ClientStream? _stream;
    private StreamManagement? _management;
    private int _lostAt;
    private IPEndPoint? _lastAddress;
    private ArrayBufferWriter<byte>? _early;
    private bool _isClosed;
    private bool _isLeaving;

    /// <summary>Null while its client is away.</summary>
    public ClientStream? Stream => Volatile.Read(ref _stream);

    /// <summary>Null until the client has enabled stream management.</summary>
    public StreamManagement? Management => Volatile.Read(ref _management);

    public void End(StreamError error)
    {
        if (Stream is { } stream)
            stream.End(error);
        else
            _server.EndLater(this);
    }

    /// <summary>Queues a stanza.</summary>
    /// <param name="copies">Who else gets it; null when nobody does.</param>
    /// <param name="origin">The message of a local client that it is.</param>
    public void Send(ReadOnlySpan<byte> stanza, Copies? copies, StanzaOrigin origin)
    {
        var isFull = false;
        var holdable = Holdable(stanza, out var from);
        using (OutputBatch.Begin())
        {
            lock (_gate)
            {
                if (_isClosed && _management is not null)
                {
                    // Whoever sends this took the session for a live one.
                    if (copies?.LoseOne() != false)
                        _server.Undelivered.HandleLater(this, new(stanza.ToArray(), _server.Time.GetUtcNow()));
                    return;
                }
                if (TryHold(holdable, from))
                    return;
                Transmit(stanza, sentAt: null, copies, origin);
                isFull = !_isLeaving && _management is { } management && IsOverLimit(management.Unacknowledged);
                _isLeaving |= isFull;
            }
        }
        if (isFull)
            EndFull();
    }

    /// <summary>What is sent from now on waits until the client has been told of the session (XEP-0386).</summary>
    public void Hush()
    {
        lock (_gate)
            _early = new();
    }

    /// <summary>Tells the client of the session, and then what it was sent meanwhile.</summary>
    /// <param name="answer">What the client has to read first.</param>
    public void Begin(ReadOnlySpan<byte> answer)
    {
        using (OutputBatch.Begin())
        {
            lock (_gate)
            {
                _stream?.Send(answer);
                _stream?.Send(_early!.WrittenSpan);
                _early = null;
            }
        }
    }

    /// <summary>From now on stanzas are counted in both directions; false when they are already.</summary>
    public bool TryEnable(StreamManagement management)
    {
        using (OutputBatch.Begin())
        {
            lock (_gate)
            {
                if (_management is not null)
                    return false;
                WriteDown(management);
                Volatile.Write(ref _management, management);
                if (_early is null)
                    _stream?.Send(management.ToElement());
            }
        }
        return true;
    }

    /// <summary>The client says how many stanzas it has; false when it wasn't sent as many.</summary>
    public bool TryAcknowledge(uint count)
    {
        lock (_gate)
            return _management!.TryAcknowledge(count);
    }

    /// <summary>Asks the client how far it is, if there is something that it hasn't acknowledged.</summary>
    public void AskForAcknowledgement()
    {
        if (Management is null)
            return;
        using (OutputBatch.Begin())
        {
            lock (_gate)
            {
                if (_stream is { } stream && _early is null && _management?.IsToAsk(isNow: true) == true)
                    Ask(stream);
            }
        }
    }

    /// <summary>The session is about to end: nothing comes for it any more, and nobody resumes it.</summary>
    public void Leave()
    {
        lock (_gate)
            _isLeaving = true;
        _server.Sessions.Remove(this);
    }

    /// <summary>A stream of this session is over.</summary>
    /// <param name="isLost">Whether neither side has closed it.</param>
    public StreamLoss Lose(ClientStream stream, bool isLost)
    {
        lock (_gate)
        {
            if (_stream != stream)
                return StreamLoss.Replaced;
            if (!isLost || _isLeaving || _management?.Id is null)
                return StreamLoss.Over;
            Detach();
            return StreamLoss.Hibernating;
        }
    }

    /// <summary>Takes the stream from the session, so that another one can have it.</summary>
    /// <returns>The stream, which is to be ended; null when there was none, or the session ends with it.</returns>
    public ClientStream? TakeStream()
    {
        lock (_gate)
        {
            if (_isLeaving || _stream is not { } stream)
                return null;
            Detach();
            return stream;
        }
    }

    /// <summary>Goes on with another stream: tells the client what was handled, and sends again what it doesn't have.</summary>
    /// <param name="stream">Of a client that has authenticated for this account.</param>
    /// <param name="count">How many stanzas the client has.</param>
    /// <param name="tell">What the client is told, given <c>&lt;resumed/&gt;</c>.</param>
    public Resumption Resume(ClientStream stream, uint count, Func<ClientSession, Element, Element> tell)
    {
        using (OutputBatch.Begin())
        {
            lock (_gate)
            {
                if (_isClosed || _isLeaving || _stream is not null)
                    return Resumption.Over;
                var management = _management!;
                if (!management.TryAcknowledge(count))
                    return Resumption.CountTooHigh;
                // XEP-0352 §5.2: a stream begins in the active state. What was held is behind what the client doesn't have.
                Activate();
                Volatile.Write(ref _stream, stream);
                stream.Send(tell(this, new Element(StreamManagement.Ns, "resumed",
                    Element.Attr("previd", management.Id),
                    Element.Attr("h", management.Handled.ToString(CultureInfo.InvariantCulture)))));
                stream.Send(management.Unacknowledged.All);
                if (management.IsToAsk(isNow: true))
                    Ask(stream);
                return Resumption.Resumed;
            }
        }
    }

    /// <summary>Whether the session has waited longer for its client than it was to.</summary>
    public bool IsExpired(int now)
    {
        lock (_gate)
            return _stream is null && _management is { } management && now - _lostAt > management.ResumeTime.TotalSeconds;
    }

    /// <summary>Since when the client has been away, in seconds of the server's clock; null when it is there.</summary>
    public int? AwaySince
    {
        get
        {
            lock (_gate)
                return _stream is null ? _lostAt : null;
        }
    }

    /// <summary>The session is over: what comes late is taken care of elsewhere, and so is what this gives.</summary>
    public List<LostStanza> Close()
    {
        lock (_gate)
        {
            _isClosed = true;
            _held = null;
            return _management?.End() ?? [];
        }
    }

    /// <summary>Counts a stanza and puts it on its way. In the gate.</summary>
    /// <param name="sentAt">When it should have gone out; null for now.</param>
    private void Transmit(ReadOnlySpan<byte> stanza, DateTimeOffset? sentAt, Copies? copies, StanzaOrigin origin)
    {
        _management?.Add(stanza, (sentAt ?? _server.Time.GetUtcNow()).ToUnixTimeMilliseconds(), copies, origin);
        if (_stream is not { } stream)
            return;
        if (_early is { } early)
        {
            early.Write(stanza);
            return;
        }
        stream.Send(stanza);
        if (_management?.IsToAsk(isNow: false) == true)
            Ask(stream);
    }

    private static void Acknowledge(ClientStream stream, uint handled)
    {
        var output = Scratch.Rent();
        output.Write("<a xmlns='urn:xmpp:sm:3' h='"u8);
        Utf8Formatter.TryFormat(handled, output.GetSpan(10), out var length);
        output.Advance(length);
        output.Write("'/>"u8);
        stream.Send(output.WrittenSpan);
    }

    private static void Ask(ClientStream stream) => stream.Send("<r xmlns='urn:xmpp:sm:3'/>"u8);

    private void Detach()
    {
        _lastAddress = _stream!.Connection.RemoteEndPoint;
        Volatile.Write(ref _stream, null);
        _lostAt = _server.Clock.Seconds;
        _management?.ForgetAsking();
    }

    private bool IsOverLimit(UnacknowledgedStanzas stanzas)
    {
        var limits = _server.Current.Options.StreamManagement;
        return stanzas.Count > limits.QueueStanzas || stanzas.Bytes > limits.QueueBytes;
    }

    /// <summary>Whoever acknowledges nothing loses the session, not the stanzas. It gets no more from now on.</summary>
    private void EndFull()
    {
        Leave();
        End(new StreamError(StreamErrorCondition.ResourceConstraint, "Too many stanzas were not acknowledged."));
    }
}
