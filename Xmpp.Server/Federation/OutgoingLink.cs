using System.Net;
using Microsoft.Extensions.Logging;
using Xmpp.Core.Stanzas;
using Xmpp.Server.Hosting;
using Xmpp.Server.Transport;

namespace Xmpp.Server.Federation;

/// <summary>
/// The way from one domain here to one elsewhere: a stream, or stanzas that wait for one. Who sends never waits. Bytes leave after the
/// lock is released.
/// </summary>
internal sealed partial class OutgoingLink(ServerContext server, ServerDialer dialer, string local, string remote)
{
    private readonly Lock _gate = new();
    private Queue<byte[]> _waiting = new();
    private int _waitingBytes;
    private OutgoingServerStream? _stream;
    private LinkFailure? _failure;
    private int _retryAt;
    private bool _isDialing;
    private bool _isRemoved;

    public string Local => local;

    public string Remote => remote;

    /// <summary>Null while there is none.</summary>
    public OutgoingServerStream? Stream => Volatile.Read(ref _stream);

    /// <summary>Why the last attempt came to nothing; null when it didn't.</summary>
    public LinkFailure? Failure => Volatile.Read(ref _failure);

    public int Waiting
    {
        get
        {
            lock (_gate)
                return _waiting.Count;
        }
    }

    /// <summary>Sends a stanza, or keeps it until there is a stream.</summary>
    /// <param name="error">What its sender is to be told; null when it is on its way.</param>
    /// <returns>False when the link is not in use any more: there is another one.</returns>
    public bool TrySend(ReadOnlySpan<byte> stanza, out StanzaError? error)
    {
        error = null;
        using (OutputBatch.Begin())
        {
            lock (_gate)
            {
                if (_isRemoved)
                    return false;
                if (_stream?.TryCarry(stanza) == true)
                    return true;
                _stream = null;
                error = Keep(stanza);
                if (error is not null || _isDialing)
                    return true;
                _isDialing = true;
            }
        }
        server.Tasks.Run($"A stream to {remote}", _ => DialAsync());
        return true;
    }

    /// <summary>Takes the link out of use if nobody needs it; true when it is.</summary>
    public bool TryRemove()
    {
        lock (_gate)
            return _isRemoved |= _stream is null && !_isDialing && (_failure is null || server.Clock.Seconds >= _retryAt);
    }

    /// <summary>Ends the stream; what waits is returned.</summary>
    /// <param name="mayRetry">Whether the next stanza makes a new one at once.</param>
    public void Close(LinkFailure failure, bool mayRetry = false)
    {
        Stream?.End(null);
        GiveUp(failure);
        if (mayRetry)
            Forgive();
    }

    /// <summary>Lets the next stanza make an attempt at once.</summary>
    public void Forgive()
    {
        lock (_gate)
            _failure = null;
    }

    /// <summary>In the gate.</summary>
    private StanzaError? Keep(ReadOnlySpan<byte> stanza)
    {
        var limits = server.Current.Options.S2s;
        if (!_isDialing && _failure is { } failure)
        {
            if (server.Clock.Seconds < _retryAt)
                return failure.ToError();
            _failure = null;
        }
        if (_waiting.Count >= limits.QueueStanzas || _waitingBytes + stanza.Length > limits.QueueBytes)
            return StanzaError.Of(StanzaErrorCondition.ResourceConstraint, $"Too much waits for {remote}.");
        _waiting.Enqueue(stanza.ToArray());
        _waitingBytes += stanza.Length;
        return null;
    }

    private async ValueTask DialAsync()
    {
        var (stream, failure) = await dialer.DialAsync(new(local, remote));
        if (stream is null)
            GiveUp(failure!);
        else
            Use(stream);
    }

    private void Use(OutgoingServerStream stream)
    {
        LogConnected(server.StreamLogger, local, remote, stream.Connection.RemoteEndPoint, stream.AuthorizedBy!);
        stream.Lost = Lose;
        using (OutputBatch.Begin())
        {
            lock (_gate)
            {
                (_stream, _isDialing, _failure, _waitingBytes) = (stream, false, null, 0);
                while (_waiting.TryDequeue(out var stanza))
                    stream.TryCarry(stanza);
            }
        }
        // It may be over before anybody was to be told.
        if (stream.IsOver)
            Lose(stream);
    }

    private void Lose(OutgoingServerStream stream)
    {
        LogLost(server.StreamLogger, remote, stream.Connection.AbortReason);
        lock (_gate)
        {
            if (_stream == stream)
                _stream = null;
        }
    }

    private void GiveUp(LinkFailure failure)
    {
        Queue<byte[]> unsent;
        lock (_gate)
        {
            (unsent, _waiting, _waitingBytes) = (_waiting, new(), 0);
            (_isDialing, _failure) = (false, failure);
            _retryAt = server.Clock.Seconds + (int)server.Current.Options.S2s.RetryAfter.TotalSeconds;
        }
        LogFailed(server.StreamLogger, local, remote, failure.Reason, unsent.Count);
        if (unsent.Count == 0)
            return;
        server.Tasks.Run($"Errors about {remote}", async cancellationToken =>
        {
            foreach (var stanza in unsent)
                await server.Router.ReturnUnsentAsync(stanza, failure.ToError(), cancellationToken);
        });
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Local} has a stream to {Remote} at {Address}, authorised by {Mechanism}")]
    private static partial void LogConnected(ILogger logger, string local, string remote, IPEndPoint address, string mechanism);

    [LoggerMessage(Level = LogLevel.Information, Message = "The stream to {Remote} is over: {Reason}")]
    private static partial void LogLost(ILogger logger, string remote, string? reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Local} has no way to {Remote}: {Reason}; {Count} stanzas are returned")]
    private static partial void LogFailed(ILogger logger, string local, string remote, string reason, int count);
}
