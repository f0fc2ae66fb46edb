using System.ComponentModel;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using Xmpp.Bench.Native;

namespace Xmpp.Bench.Client;

/// <summary>A non-blocking TCP connection, with TLS or without, perhaps with a WebSocket in it.</summary>
internal sealed unsafe class Channel : IDisposable
{
    private readonly Socket _socket;
    private readonly TimeSpan _timeout;
    private nint _ssl;
    private WebSocketFrames? _frames;

    private Channel(Socket socket, TimeSpan timeout)
    {
        _socket = socket;
        _timeout = timeout;
        Descriptor = (int)socket.SafeHandle.DangerousGetHandle();
    }

    public int Descriptor { get; }

    /// <summary>Decrypted or buffered bytes wait that epoll does not know of.</summary>
    public bool HasPending => _ssl != 0 && OpenSsl.HasPending(_ssl) == 1;

    public static Channel Connect(string host, int port, TimeSpan timeout)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            socket.Connect(host, port);
            socket.Blocking = false;
            return new(socket, timeout);
        }
        catch (SocketException e)
        {
            socket.Dispose();
            throw new BenchException($"cannot connect to {host}:{port}: {e.Message}");
        }
    }

    public void StartTls(string serverName)
    {
        _ssl = OpenSsl.Create(Descriptor, serverName);
        while (true)
        {
            OpenSsl.ClearErrors();
            var result = OpenSsl.Connect(_ssl);
            if (result == 1)
                return;
            switch (OpenSsl.GetError(_ssl, result))
            {
                case OpenSsl.ErrorWantRead:
                    WaitUntilReadable();
                    break;
                case OpenSsl.ErrorWantWrite:
                    WaitUntilWritable();
                    break;
                default:
                    throw new BenchException($"TLS handshake failed: {OpenSsl.LastError()}");
            }
        }
    }

    /// <summary>From now on elements go in messages of a WebSocket (RFC 7395).</summary>
    public void StartWebSocket(string host)
    {
        Send(Encoding.ASCII.GetBytes(
            $"GET /xmpp-websocket HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: xmpp\r\n\r\n"));
        var head = new List<byte>();
        Span<byte> next = stackalloc byte[1];
        while (!CollectionsMarshal.AsSpan(head).EndsWith("\r\n\r\n"u8))
        {
            WaitUntilReadable();
            if (Receive(next) is not (not 0 and var read))
                throw new BenchException("the server closed the connection in the WebSocket's handshake");
            if (read > 0)
                head.Add(next[0]);
        }
        if (!CollectionsMarshal.AsSpan(head).StartsWith("HTTP/1.1 101 "u8))
            throw new BenchException($"no WebSocket: {Encoding.UTF8.GetString(CollectionsMarshal.AsSpan(head))}");
        _frames = new();
    }

    /// <summary>Reads what is there.</summary>
    /// <returns>The bytes read, 0 at the end of the connection, -1 when nothing is there.</returns>
    public int Receive(Span<byte> buffer)
    {
        var received = ReceiveBytes(buffer);
        if (_frames is null || received <= 0)
            return received;
        return _frames.Unwrap(buffer[..received]) is > 0 and var length ? length : -1;
    }

    private int ReceiveBytes(Span<byte> buffer)
    {
        fixed (byte* pointer = buffer)
        {
            if (_ssl != 0)
            {
                OpenSsl.ClearErrors();
                var read = OpenSsl.Read(_ssl, pointer, buffer.Length);
                return read > 0 ? read : OpenSsl.GetError(_ssl, read) == OpenSsl.ErrorWantRead ? -1 : 0;
            }
            var received = (int)Libc.Receive(Descriptor, pointer, buffer.Length, 0);
            return received >= 0 ? received : Marshal.GetLastPInvokeError() is Libc.Eagain or Libc.Eintr ? -1 : 0;
        }
    }

    /// <summary>
    /// Sends all of <paramref name="bytes"/>. Waits only when the socket's buffer is full, which the bounded window of a run avoids.
    /// </summary>
    public void Send(ReadOnlySpan<byte> bytes)
    {
        if (_frames is not null)
            bytes = _frames.Wrap(bytes);
        while (!bytes.IsEmpty)
        {
            var sent = TrySend(bytes);
            if (sent > 0)
                bytes = bytes[sent..];
            else
                WaitUntilWritable();
        }
    }

    /// <summary>Waits for bytes to read; not at all if there are any.</summary>
    public void WaitUntilReadable()
    {
        if (!HasPending && !_socket.Poll(_timeout, SelectMode.SelectRead))
            throw new BenchException($"no answer from the server within {_timeout.TotalSeconds} s");
    }

    private void WaitUntilWritable()
    {
        if (!_socket.Poll(_timeout, SelectMode.SelectWrite))
            throw new BenchException($"the server has not read for {_timeout.TotalSeconds} s");
    }

    private int TrySend(ReadOnlySpan<byte> bytes)
    {
        fixed (byte* pointer = bytes)
        {
            if (_ssl != 0)
            {
                OpenSsl.ClearErrors();
                var written = OpenSsl.Write(_ssl, pointer, bytes.Length);
                if (written > 0)
                    return written;
                return OpenSsl.GetError(_ssl, written) == OpenSsl.ErrorWantWrite
                    ? 0
                    : throw new BenchException($"the server broke the connection: {OpenSsl.LastError()}");
            }
            var sent = (int)Libc.Send(Descriptor, pointer, bytes.Length, Libc.MsgNoSignal);
            if (sent >= 0)
                return sent;
            var error = Marshal.GetLastPInvokeError();
            return error is Libc.Eagain or Libc.Eintr
                ? 0
                : throw new BenchException($"the server broke the connection: {new Win32Exception(error).Message}");
        }
    }

    public void Dispose()
    {
        if (_ssl != 0)
        {
            OpenSsl.Free(_ssl);
            _ssl = 0;
        }
        _socket.Dispose();
    }
}
