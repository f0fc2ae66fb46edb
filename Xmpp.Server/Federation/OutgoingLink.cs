using Microsoft.Extensions.Logging;
using Xmpp.Core.Stanzas;
using Xmpp.Server.Hosting;
using Xmpp.Server.Sessions.Journal;
using Xmpp.Server.Transport;

namespace Xmpp.Server.Federation;

/// <summary>
/// The way from one domain here to one elsewhere: a stream, or stanzas that wait for one. Who sends never waits. Bytes leave after the
/// lock is released.
/// </summary>
internal sealed partial class OutgoingLink(ServerContext server, ServerDialer dialer, string local, string remote)
{
    private readonly Lock _gate = new();
    private readonly LinkQueue _queue = new(server, local, remote);
    private ServerStream? _stream;
    private LinkFailure? _failure;
    private int _retryAt;
    private bool _isRemoved;
    private bool _isLeft;

    public string Local => local;

    public string Remote => remote;

    /// <summary>Null while there is none.</summary>
    public ServerStream? Stream => Volatile.Read(ref _stream);

    /// <summary>Why the last attempt came to nothing; null when it didn't.</summary>
    public LinkFailure? Failure => Volatile.Read(ref _failure);

    /// <summary>Stanzas that wait for a stream.</summary>
    public int Waiting
    {
        get
        {
            lock (_gate)
                return _queue.Count - _queue.Sent;
        }
    }

    /// <summary>Whether what waits, or isn't acknowledged, is brought over by the process to come if this one ends.</summary>
    public bool IsWrittenDown
    {
        get
        {
            lock (_gate)
                return _queue.OutlivesProcess;
        }
    }

    /// <summary>Takes up what a process has left behind; the next tick makes a stream for it.</summary>
    public void Restore(LeftLink left)
    {
        lock (_gate)
        {
            _queue.Restore(left);
            (_resumeUntil, _isDialing, _redialAt) = (ResumeUntil(), true, server.Clock.Seconds);
        }
    }

    /// <summary>Sends a stanza, or keeps it until there is a stream.</summary>
    /// <param name="origin">What it comes from: that counts as handled once the stanza is written down.</param>
    /// <param name="error">What its sender is to be told; null when it is on its way.</param>
    /// <returns>False when the link is not in use any more: there is another one.</returns>
    public bool TrySend(ReadOnlySpan<byte> stanza, StanzaOrigin origin, out StanzaError? error)
    {
        error = null;
        using (OutputBatch.Begin())
        {
            lock (_gate)
            {
                if (_isRemoved)
                    return false;
                error = Keep(stanza, origin);
                if (error is not null)
                    return true;
                if (_stream is { } stream)
                {
                    if (!_isFinishing)
                        SendWaiting(stream);
                    return true;
                }
                if (_isDialing || IsForNextProcess)
                    return true;
                _isDialing = true;
            }
        }
        Dial();
        return true;
    }

    /// <summary>Takes the link out of use if nobody needs it; true when it is.</summary>
    public bool TryRemove()
    {
        lock (_gate)
        {
            if (_isRemoved || _stream is not null || _isDialing || _queue.Count > 0
                || (_failure is not null && server.Clock.Seconds < _retryAt))
            {
                return _isRemoved;
            }
            _queue.Close();
            return _isRemoved = true;
        }
    }

    /// <summary>
    /// Ends the stream, if it acknowledges stanzas once it has acknowledged those that were sent; what waits is returned, and later what
    /// was never acknowledged.
    /// </summary>
    /// <param name="mayRetry">Whether the next stanza makes a new one at once, which brings over what was never acknowledged.</param>
    public void Close(LinkFailure failure, bool mayRetry = false)
    {
        ServerStream? ended;
        List<byte[]> unconfirmed = [];
        using (OutputBatch.Begin())
        {
            lock (_gate)
            {
                (ended, _isProven) = (_stream, true);
                if (ended is { IsManaged: true } && _queue.Sent > 0)
                {
                    (_isFinishing, _closedFor) = (true, mayRetry ? null : failure);
                    Ask(ended);
                    return;
                }
                // What was sent comes before the end of the stream.
                if (CanForget(ended))
                    _queue.ForgetSent();
                // Here, or the loss of the stream would give another reason; what is left is for the process to come.
                else if (ended is not null && !_isLeft)
                    unconfirmed = _queue.TakeSent();
            }
        }
        ended?.End(null);
        Return(unconfirmed, failure);
        GiveUp(failure, mayWait: false);
        if (mayRetry)
            Forgive();
    }

    /// <summary>Lets the next stanza make an attempt at once.</summary>
    public void Forgive()
    {
        lock (_gate)
            _failure = null;
    }

    /// <summary>From now on nothing changes any more: what is in the journal is for the process to come.</summary>
    public void LeaveJournal()
    {
        lock (_gate)
        {
            _isLeft = true;
            _queue.LeaveJournal();
        }
    }

    /// <summary>Whether this process makes no more streams. In the gate.</summary>
    private bool IsForNextProcess => server.Federation.IsStopping && _queue.OutlivesProcess;

    /// <summary>In the gate.</summary>
    private StanzaError? Keep(ReadOnlySpan<byte> stanza, StanzaOrigin origin)
    {
        var limits = server.Current.Options.S2s;
        if (!_isDialing && _failure is { } failure)
        {
            if (server.Clock.Seconds < _retryAt)
                return failure.ToError();
            _failure = null;
        }
        while (_queue.Count >= limits.QueueStanzas || _queue.Bytes + stanza.Length > limits.QueueBytes)
        {
            // Who never says what it has doesn't keep others from sending.
            if (!CanForget(_stream) || _queue.Sent == 0)
                return StanzaError.Of(StanzaErrorCondition.ResourceConstraint, $"Too much waits for {remote}.");
            _queue.ForgetFirst();
        }
        _queue.Add(stanza, origin);
        return null;
    }

    /// <summary>There is no way: what waits is returned, unless a stream may still be resumed.</summary>
    private void GiveUp(LinkFailure failure, bool mayWait)
    {
        List<byte[]> unsent;
        lock (_gate)
        {
            var (now, retryAfter) = (server.Clock.Seconds, (int)server.Current.Options.S2s.RetryAfter.TotalSeconds);
            if (_isLeft || (mayWait && IsForNextProcess))
                return;
            if (mayWait && _queue.StreamId is not null && now < _resumeUntil)
            {
                _redialAt = Math.Min(now + retryAfter, _resumeUntil);
                return;
            }
            unsent = _queue.TakeAll();
            (_isDialing, _redialAt, _failure, _retryAt) = (false, null, failure, now + retryAfter);
        }
        LogFailed(server.StreamLogger, local, remote, failure.Reason, unsent.Count);
        Return(unsent, failure);
    }

    private void Return(List<byte[]> stanzas, LinkFailure failure)
    {
        if (stanzas.Count == 0)
            return;
        server.Tasks.Run($"Errors about {remote}", async cancellationToken =>
        {
            foreach (var stanza in stanzas)
                await server.Router.ReturnUnsentAsync(stanza, failure.ToError(), cancellationToken);
        });
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Local} has no way to {Remote}: {Reason}; {Count} stanzas are returned")]
    private static partial void LogFailed(ILogger logger, string local, string remote, string reason, int count);
}
