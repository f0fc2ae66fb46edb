using Xmpp.Server.Transport;

namespace Xmpp.Server.Web.Framing;

/// <content>From the peer to the stream.</content>
internal sealed partial class WebSocketConnection
{
    /// <summary>What is received at once, at least.</summary>
    private const int MinReceive = 4 * 1024;

    private PooledBuffer _received;
    private PooledBuffer _message;
    private bool _isInMessage;
    private bool _isOver;

    /// <summary>Receives when the stream wants to read, until the end of the connection. Doesn't throw.</summary>
    public async Task ReceiveAllAsync()
    {
        try
        {
            await _wanted.WaitAsync();
            while (!_isOver && Phase is not State.Closed)
            {
#pragma warning disable CA2022 // Nothing is read: it completes when something is there.
                await stream.ReadAsync(Memory<byte>.Empty);
#pragma warning restore CA2022
                var count = await stream.ReadAsync(_received.GetRoom(MinReceive));
                if (count == 0)
                    throw new IOException(Reset);
                _received.Commit(count);
                while (!_isOver && TryHandleFrame())
                {
                }
                _received.Trim();
                if (CompleteRead() && !_isOver)
                    await _wanted.WaitAsync();
            }
        }
        catch (Exception failure) when (IsEndOfConnection(failure))
        {
            Abort(Reset);
        }
        _received.Release();
        _message.Release();
    }

    /// <returns>False when more bytes are needed.</returns>
    private bool TryHandleFrame()
    {
        if (!WebSocketFrame.TryRead(_received.Span, out var head))
        {
            End(WebSocketCloseCode.ProtocolError, "the peer breaks the rules of WebSocket");
            return true;
        }
        if (head is not { } frame)
            return false;
        if (frame.Length > Options.MaxInputBytes - _message.Length)
        {
            End(WebSocketCloseCode.TooBig, $"the peer sends more than {Options.MaxInputBytes} bytes in one message");
            return true;
        }
        var length = frame.HeadLength + (int)frame.Length;
        if (_received.Length < length)
            return false;
        var payload = _received.Lend().Span[frame.HeadLength..length];
        frame.Unmask(payload);
        Handle(frame, payload);
        _received.Reclaim(length);
        return true;
    }

    private void Handle(WebSocketFrame frame, ReadOnlySpan<byte> payload)
    {
        switch (frame.Opcode)
        {
            case WebSocketOpcode.Text when !_isInMessage && frame.IsFinal:
                HandleMessage(payload);
                break;
            // RFC 6455 §5.4: the frames of one message follow each other.
            case WebSocketOpcode.Text when !_isInMessage:
            case WebSocketOpcode.Continuation when _isInMessage:
                _message.Append(payload);
                _isInMessage = !frame.IsFinal;
                if (_isInMessage)
                    break;
                HandleMessage(_message.Span);
                _message.Release();
                break;
            case WebSocketOpcode.Text or WebSocketOpcode.Continuation:
                End(WebSocketCloseCode.ProtocolError, "the peer breaks the rules of WebSocket");
                break;
            // RFC 7395 §3.2.
            case WebSocketOpcode.Binary:
                End(WebSocketCloseCode.Unacceptable, "the peer sends binary messages");
                break;
            case WebSocketOpcode.Ping:
                Answer(payload);
                break;
            case WebSocketOpcode.Close:
                End(WebSocketCloseCode.Normal, reason: null);
                break;
        }
    }

    private void HandleMessage(ReadOnlySpan<byte> message)
    {
        lock (Gate)
        {
            // What comes behind a close is for nobody.
            if (Phase is not State.Open)
                return;
            var translated = Scratch.Rent();
            AddInput(FramedHeaders.TryWriteAsStream(message, translated) ? translated.WrittenSpan : message);
        }
    }

    private void Answer(ReadOnlySpan<byte> ping)
    {
        lock (Gate)
        {
            if (_closeSent || Phase is State.Closed || ping.Length > Room)
                return;
            AppendFrame(WebSocketOpcode.Pong, ping, default, default);
        }
        Flush();
    }

    /// <summary>Nothing more is received: the stream reads to the end of what came, and closes.</summary>
    private void End(WebSocketCloseCode code, string? reason)
    {
        _isOver = true;
        lock (Gate)
            EndInput(reason);
        SendClose(code);
    }
}
