using System.Buffers.Binary;
using System.Net;
using Microsoft.AspNetCore.Connections;
using Xmpp.Server.Streams;
using Xmpp.Server.Transport;

namespace Xmpp.Server.Web.Framing;

/// <summary>XMPP over a WebSocket (RFC 7395). An idle one owns no buffer.</summary>
/// <param name="stream">What is left of the HTTP connection after the handshake.</param>
/// <param name="drop">Drops that connection.</param>
internal sealed partial class WebSocketConnection(
    Stream stream, Action drop, IPEndPoint remoteEndPoint, TlsInfo? tls, SocketConnectionOptions options)
    : FramedConnection(remoteEndPoint, tls, options)
{
    /// <summary>What is given to the HTTP server at once: it copies before it waits for the peer.</summary>
    private const int MaxSend = 64 * 1024;

    private const string Reset = "connection reset by the peer";

    private readonly Signal _wanted = new();
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private PooledBuffer _output;
    private bool _sending;
    private bool _closeSent;

    /// <summary>Completes when nothing is sent any more, once the connection was closed from this side, or aborted.</summary>
    public Task Drained => _drained.Task;

    public override bool Write(ReadOnlySpan<byte> bytes)
    {
        lock (Gate)
        {
            if (Phase is not State.Open || _closeSent)
                return false;
            var parts = new StreamParts(bytes);
            while (parts.MoveNext())
            {
                if (parts.Length + FramedHeaders.OpenStart.Length > Room)
                {
                    AbortCore($"the peer does not read: more than {Options.MaxOutputBytes} bytes are queued for it");
                    return false;
                }
                Append(parts);
            }
            return true;
        }
    }

    public override void Flush()
    {
        lock (Gate)
        {
            if (_sending || _output.Length == 0)
                return;
            _sending = true;
        }
        _ = SendAllAsync();
    }

    protected override void OnWanted() => _wanted.Set();

    protected override void OnClosing()
    {
        SendClose(WebSocketCloseCode.Normal);
        _wanted.Set();
    }

    protected override void OnClosed()
    {
        _output.Release();
        CheckDrained();
        if (IsAborted)
            // Not here: what waits for the connection would go on in the gate.
            ThreadPool.UnsafeQueueUserWorkItem(static drop => drop(), drop, preferLocal: false);
        _wanted.Set();
    }

    /// <summary>What may still be queued, with the heads of frames.</summary>
    private int Room => Options.MaxOutputBytes - _output.Length - 2 * WebSocketFrame.LongestHead;

    private void Append(in StreamParts parts)
    {
        switch (parts.Kind)
        {
            case StreamPartKind.Header:
                AppendFrame(WebSocketOpcode.Text, FramedHeaders.OpenStart, parts.Head, FramedHeaders.Ending);
                break;
            case StreamPartKind.End:
                AppendFrame(WebSocketOpcode.Text, FramedHeaders.Close, default, default);
                break;
            default:
                AppendFrame(WebSocketOpcode.Text, parts.Head, parts.Declaration, parts.Tail);
                break;
        }
    }

    private void AppendFrame(WebSocketOpcode opcode, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, ReadOnlySpan<byte> third)
    {
        var length = first.Length + second.Length + third.Length;
        Span<byte> head = stackalloc byte[WebSocketFrame.LongestHead];
        var headLength = WebSocketFrame.WriteHead(head, opcode, length);
        // Room for all of it at once.
        _output.GetRoom(headLength + length);
        _output.Append(head[..headLength]);
        _output.Append(first);
        _output.Append(second);
        _output.Append(third);
    }

    /// <summary>Says that nothing more will come, once; then what is queued is sent.</summary>
    private void SendClose(WebSocketCloseCode code)
    {
        lock (Gate)
        {
            if (!_closeSent && Phase is not State.Closed)
            {
                Span<byte> payload = stackalloc byte[2];
                BinaryPrimitives.WriteUInt16BigEndian(payload, (ushort)code);
                AppendFrame(WebSocketOpcode.Close, payload, default, default);
                _closeSent = true;
            }
            CheckDrained();
        }
        Flush();
    }

    private async Task SendAllAsync()
    {
        try
        {
            while (true)
            {
                ReadOnlyMemory<byte> bytes;
                lock (Gate)
                {
                    if (_output.Length == 0)
                    {
                        _sending = false;
                        CheckDrained();
                        return;
                    }
                    bytes = _output.Lend();
                }
                bytes = bytes[..Math.Min(bytes.Length, MaxSend)];
                await stream.WriteAsync(bytes);
                lock (Gate)
                    _output.Reclaim(bytes.Length);
            }
        }
        catch (Exception failure) when (IsEndOfConnection(failure))
        {
            lock (Gate)
            {
                _output.Reclaim(0);
                _sending = false;
                AbortCore(Reset);
                CheckDrained();
            }
        }
    }

    private void CheckDrained()
    {
        if (!_sending && (Phase is State.Closed || (Phase is State.Closing && _output.Length == 0)))
            _drained.TrySetResult();
    }

    private static bool IsEndOfConnection(Exception failure) =>
        failure is IOException or OperationCanceledException or ObjectDisposedException or InvalidOperationException
            or ConnectionAbortedException;
}
