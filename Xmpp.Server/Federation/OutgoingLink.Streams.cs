using System.Net;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Xmpp.Server.Streams;
using Xmpp.Server.Transport;

namespace Xmpp.Server.Federation;

/// <content>
/// The streams of a link, one after the other: made when there is something to send, resumed when they were lost (XEP-0198), and asked what
/// has come over.
/// </content>
internal sealed partial class OutgoingLink
{
    /// <summary>So many unacknowledged stanzas make this server ask; fewer wait for the next second.</summary>
    private const int AskAt = 8;

    /// <summary>The same where the question is a stanza.</summary>
    private const int PingAt = 256;

    // Also while an attempt waits for its time.
    private bool _isDialing;
    private int? _redialAt;
    private int _resumeUntil;
    private int? _askedAt;
    private int _sinceAsked;
    private int _startedAt;
    // Of a stream without stream management.
    private string? _pingId;
    private uint _pingedAt;
    private bool _isAnswered;
    private bool _isProven;
    private bool _isFinishing;
    private TaskCompletionSource<bool>? _finished;
    private LinkFailure? _closedFor;

    /// <summary>About once a second: makes attempts whose time has come, and asks for acknowledgements.</summary>
    public void Tick()
    {
        var (now, patience) = (server.Clock.Seconds, server.Current.Options.Limits.KeepAliveTimeout);
        ServerStream? dead = null;
        var isDue = false;
        using (OutputBatch.Begin())
        {
            lock (_gate)
            {
                if (_isLeft)
                    return;
                if (_stream is { } stream)
                {
                    if (_askedAt is { } asked && now - asked > patience.TotalSeconds)
                    {
                        if (CanForget(stream))
                            Confirm();
                        else
                            dead = stream;
                    }
                    else if (_askedAt is null && _queue.Sent > 0)
                        Ask(stream);
                }
                if (_redialAt <= now)
                    (_redialAt, isDue) = (null, true);
            }
        }
        dead?.Connection.Abort("the peer no longer acknowledges");
        if (isDue)
            Dial();
    }

    /// <summary>The other server says how many stanzas of the stream it has; false when it wasn't sent as many.</summary>
    public bool TryAcknowledge(ServerStream stream, uint count)
    {
        ServerStream? finished;
        lock (_gate)
        {
            if (_stream != stream || _isLeft)
                return true;
            if (!_queue.TryAcknowledge(count))
                return false;
            (_askedAt, _isProven) = (null, true);
            finished = Finished;
        }
        finished?.End(null);
        return true;
    }

    /// <summary>The other server has answered a request; false when that was none of the link's.</summary>
    /// <param name="id">The request's.</param>
    public bool TryConfirm(string id)
    {
        ServerStream? finished;
        lock (_gate)
        {
            if (_pingId != id || _isLeft)
                return false;
            (_isProven, _isAnswered) = (true, true);
            Confirm();
            finished = Finished;
        }
        finished?.End(null);
        return true;
    }

    /// <summary>
    /// Sends nothing more on a stream without stream management, asks what has come over, and ends it when all has.
    /// </summary>
    /// <returns>Completes with true when it is over; with false at once when there is nothing to ask.</returns>
    public Task<bool> FinishAsync()
    {
        using (OutputBatch.Begin())
        {
            lock (_gate)
            {
                if (_stream is not { IsManaged: false } stream || _queue.Sent == 0)
                    return Task.FromResult(false);
                (_isFinishing, _finished) = (true, new(TaskCreationOptions.RunContinuationsAsynchronously));
                Ask(stream);
                return _finished.Task;
            }
        }
    }

    /// <summary>All that was sent on the stream, modulo 2^32.</summary>
    public uint SentOnStream
    {
        get
        {
            lock (_gate)
                return _queue.SentOnStream;
        }
    }

    /// <summary>Whether the stream has brought over all that it was given, as far as that is known.</summary>
    public bool IsIdle
    {
        get
        {
            lock (_gate)
                return _queue.Count == 0;
        }
    }

    private void Dial() => server.Tasks.Run($"A stream to {remote}", _ => DialAsync());

    private async ValueTask DialAsync()
    {
        if (server.Federation.FindBidirectional(local, remote) is { } open)
        {
            Use(open, streamId: null, resumed: null);
            return;
        }
        string? resume;
        lock (_gate)
            resume = _queue.StreamId;
        var (stream, failure) = await dialer.DialAsync(new(local, remote, Resume: resume));
        if (stream is null)
            GiveUp(failure!, mayWait: true);
        else
            Use(stream, stream.StreamId, stream.Resumed);
    }

    /// <summary>Takes a stream, and sends what has to be brought over.</summary>
    /// <param name="streamId">By which it can be resumed; null when it can't.</param>
    /// <param name="resumed">What the peer has of the stream that it goes on with; null when it is a new one.</param>
    private void Use(ServerStream stream, string? streamId, ResumedStream? resumed)
    {
        LogConnected(server.StreamLogger, local, remote, stream.Connection.RemoteEndPoint, stream.AuthorizedBy!);
        var (isRefused, sent) = (false, 0u);
        using (OutputBatch.Begin())
        {
            lock (_gate)
            {
                if (_isLeft || _stream is { IsOver: false })
                {
                    // Somebody else was faster, or it is too late.
                    if (stream is OutgoingServerStream)
                        stream.End(null);
                    return;
                }
                // Of a stream that can't be resumed the peer may still know how far it was (§5).
                sent = _queue.SentOnStream;
                isRefused = resumed is { } former && !_queue.TryAcknowledge(former.Count) && former.IsResumed;
                if (resumed is { IsResumed: true } && !isRefused)
                    _queue.SendAgain();
                else
                    _queue.Begin(isRefused ? null : streamId);
                (_stream, _isDialing, _redialAt, _failure) = (stream, false, null, null);
                (_askedAt, _sinceAsked, _startedAt) = (null, 0, server.Clock.Seconds);
                (_isProven, _isFinishing, _closedFor) = (false, false, null);
                (_pingId, _isAnswered) = (null, false);
                stream.Link = this;
                if (!isRefused)
                    SendWaiting(stream);
            }
        }
        if (isRefused)
            stream.End(StreamManagementElements.CountTooHigh(resumed.GetValueOrDefault().Count, sent).Error);
        // It may be over before anybody was to be told.
        if (stream.IsOver)
            Lose(stream);
    }

    /// <summary>A stream is over.</summary>
    public void Lose(ServerStream stream)
    {
        LogLost(server.StreamLogger, remote, stream.Connection.AbortReason);
        LinkFailure? failure;
        var isDue = false;
        lock (_gate)
        {
            if (_stream != stream || _isLeft)
                return;
            (_stream, _pingId) = (null, null);
            _finished?.TrySetResult(true);
            if (!stream.IsManaged)
                ReturnUnconfirmed(stream);
            // One that was closed can't be resumed (§5).
            if (!stream.IsBroken)
                _queue.Begin(null);
            (failure, _resumeUntil) = (_closedFor, ResumeUntil());
            if (failure is null)
            {
                if (_queue.Count == 0 || IsForNextProcess)
                    return;
                // A server that takes streams and drops them is not asked without end.
                var retryAfter = (int)server.Current.Options.S2s.RetryAfter.TotalSeconds;
                isDue = _isProven || server.Clock.Seconds - _startedAt >= retryAfter;
                _isDialing = true;
                _redialAt = isDue ? null : server.Clock.Seconds + retryAfter;
            }
        }
        if (failure is not null)
            GiveUp(failure, mayWait: false);
        else if (isDue)
            Dial();
    }

    /// <summary>Until when an attempt to resume the stream that there was last makes sense, in seconds of the server's clock.</summary>
    private int ResumeUntil() => server.Clock.Seconds + (int)server.Current.Options.S2s.ResumeTime.TotalSeconds;

    /// <summary>Sends what waits, unless the stream is over: then it waits for the next one. In the gate.</summary>
    private void SendWaiting(ServerStream stream)
    {
        while (_queue.NextWaiting is { } stanza && stream.Carry(stanza))
        {
            _queue.CountSent();
            _sinceAsked++;
        }
        if (_askedAt is null && _sinceAsked >= (stream.IsManaged ? AskAt : PingAt))
            Ask(stream);
    }

    /// <summary>
    /// Asks what has come over. A server that does no stream management is sent a ping (XEP-0199) behind it: stanzas are handled in order
    /// (RFC 6120 §10.1), so any answer to that says that it has what was before. In the gate.
    /// </summary>
    private void Ask(ServerStream stream)
    {
        (_askedAt, _sinceAsked) = (_askedAt ?? server.Clock.Seconds, 0);
        if (stream.IsManaged)
        {
            stream.Ask();
            return;
        }
        (_pingId, _pingedAt) = (RandomNumberGenerator.GetHexString(24, lowercase: true), _queue.SentOnStream);
        stream.Ping(local, remote, _pingId);
    }

    /// <summary>
    /// Whether what was sent on a stream may be taken to have come over without anybody saying so: a server that has never answered a ping
    /// may have no way back to this one, unless the stream is one. In the gate.
    /// </summary>
    private bool CanForget(ServerStream? stream) => stream is { IsManaged: false, IsBidirectional: false } && !_isAnswered;

    /// <summary>What was sent before the ping has come over. In the gate.</summary>
    private void Confirm()
    {
        // More than that may be forgotten by now; then there is nothing left of it.
        _queue.TryAcknowledge(_pingedAt);
        (_askedAt, _pingId) = (null, null);
    }

    /// <summary>A stream that was only to bring over what was sent, and has: it is ended outside of the gate. In the gate.</summary>
    private ServerStream? Finished => _isFinishing && _queue.Sent == 0 ? _stream : null;

    /// <summary>
    /// What was sent and not confirmed may have come over or not, and a stanza of that may be why the stream is over: it isn't sent again,
    /// unless this server stops while it waits for an answer. In the gate.
    /// </summary>
    private void ReturnUnconfirmed(ServerStream stream)
    {
        if (server.Federation.IsStopping)
        {
            // As in Close.
            if (CanForget(stream) && !stream.IsBroken)
                _queue.ForgetSent();
            if (_queue.OutlivesProcess)
                return;
        }
        var unconfirmed = _queue.TakeSent();
        if (unconfirmed.Count > 0)
            LogUnconfirmed(server.StreamLogger, remote, unconfirmed.Count);
        Return(unconfirmed, LinkFailure.Timeout($"The connection with {remote} was lost before that could say whether it has this."));
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Local} has a stream to {Remote} at {Address}, authorised by {Mechanism}")]
    private static partial void LogConnected(ILogger logger, string local, string remote, IPEndPoint address, string mechanism);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Remote} may have {Count} stanzas or not: they are returned")]
    private static partial void LogUnconfirmed(ILogger logger, string remote, int count);

    [LoggerMessage(Level = LogLevel.Information, Message = "The stream to {Remote} is over: {Reason}")]
    private static partial void LogLost(ILogger logger, string remote, string? reason);
}
