using System.Net.Sockets;
using System.Threading.Tasks.Sources;

namespace Xmpp.Server.Transport;

/// <content>From the socket to the reader.</content>
public sealed partial class SocketConnection
{
    /// <summary>Starts a read if there is anything to wait for.</summary>
    private bool BeginRead()
    {
        if (_phase is not Phase.Open || _inputEnded)
        {
            _input.Release();
            return false;
        }
        if (_input.Length >= _options.MaxInputBytes)
        {
            AbortCore($"more than {_options.MaxInputBytes} bytes of input are unconsumed");
            return false;
        }
        _read.Reset();
        _read.RunContinuationsAsynchronously = false;
        _reading = true;
        return true;
    }

    /// <summary>Ends a pending read as at the end of the stream, on another thread: the caller may hold locks of its own.</summary>
    private void EndRead()
    {
        if (!_reading)
            return;
        _reading = false;
        _read.RunContinuationsAsynchronously = true;
        _read.SetResult(default);
    }

    private ReadOnlyMemory<byte> LendInput()
    {
        _fresh = false;
        return _input.Length > 0 ? _input.Lend() : default;
    }

    /// <summary>The kernel says that a receive will find something.</summary>
    private void OnReceivable()
    {
        ReadOnlyMemory<byte> given;
        lock (_gate)
        {
            _armed = false;
            if (!Guarded(static connection => connection.GoOnReceiving()) || !_reading)
                return;
            _reading = false;
            given = LendInput();
        }
        _read.SetResult(given);
    }

    /// <summary>True when a pending read can be completed.</summary>
    private bool GoOnReceiving()
    {
        if (_phase is Phase.Open)
            return TryReceive(readable: true);
        if (_phase is Phase.Closing)
            Discard(readable: true);
        if (_phase is Phase.Closed)
            CompleteIfFinished();
        return false;
    }

    /// <summary>Completes a read that found bytes at once, on a thread of the pool.</summary>
    void IThreadPoolWorkItem.Execute()
    {
        ReadOnlyMemory<byte> given;
        lock (_gate)
        {
            if (!_reading)
                return;
            _reading = false;
            given = LendInput();
        }
        _read.SetResult(given);
    }

    /// <summary>
    /// Receives until there is something to tell the reader (bytes, an end, a finished handshake), which gives true, or
    /// until <see cref="OnReceivable"/> will go on, which gives false.
    /// </summary>
    private bool TryReceive(bool readable)
    {
        while (readable || !Arm())
        {
            readable = false;
            var error = _tls is null ? ReceiveClear(out var count) : ReceiveCiphertext(out count);
            if (error is SocketError.WouldBlock or SocketError.Interrupted)
                continue;
            if (error is not SocketError.Success)
            {
                AbortCore(Describe(error));
                return true;
            }
            if (count == 0)
            {
                _finReceived = _inputEnded = true;
                return true;
            }
            if (_tls is null || DecryptInto(t_scratch.AsSpan(0, count)))
                return true;
        }
        return false;
    }

    /// <summary>Gives the zero-byte receive to the kernel; false when it is already complete.</summary>
    private bool Arm()
    {
        _input.Trim();
        _armed = true;
        if (_socket.ReceiveAsync(_receivable))
            return true;
        _armed = false;
        return false;
    }

    private SocketError ReceiveClear(out int count)
    {
        var room = _input.GetRoom(_input.Length == 0 ? SlabPool.ReceiveSize : MinReceive);
        count = _socket.Receive(room.Span, SocketFlags.None, out var error);
        if (count > 0)
            _input.Commit(count);
        else if (_input.Length == 0)
            _input.Release();
        return error;
    }

    private SocketError ReceiveCiphertext(out int count)
    {
        count = _socket.Receive(t_scratch ??= new byte[SlabPool.ReceiveSize], SocketFlags.None, out var error);
        return error;
    }

    /// <summary>True when there is something to tell the reader.</summary>
    private bool DecryptInto(ReadOnlySpan<byte> ciphertext)
    {
        var hadInfo = _tls!.Info is not null;
        var hadBytes = _input.Length;
        var status = _tls.Receive(ciphertext, ref _input, ref _wire);
        if (_input.Length == 0)
            _input.Release();
        if (status is TlsStatus.Failed)
        {
            // The alert that says so goes first.
            _abortReason ??= _tls.Failure;
            CloseCore();
            return true;
        }
        if (status is TlsStatus.Ended)
            _inputEnded = true;
        Send();
        return _inputEnded || _input.Length > hadBytes || hadInfo != _tls.Info is not null || _phase is not Phase.Open;
    }

    /// <summary>Throws input away until the peer's FIN.</summary>
    private void Discard(bool readable)
    {
        while (!_finReceived && (readable || !Arm()))
        {
            readable = false;
            var error = ReceiveCiphertext(out var count);
            if (error is SocketError.WouldBlock or SocketError.Interrupted)
                continue;
            _discarded += count;
            if (error is not SocketError.Success && !_finSent)
                AbortCore(Describe(error));
            else if (error is not SocketError.Success || count == 0)
                _finReceived = true;
            else if (_discarded > MaxDiscarded)
                AbortCore("the peer goes on sending on a closed connection");
            if (_phase is Phase.Closed)
                return;
        }
        if (_finReceived && _finSent)
            End(reset: false);
    }

    ReadOnlyMemory<byte> IValueTaskSource<ReadOnlyMemory<byte>>.GetResult(short token) => _read.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<ReadOnlyMemory<byte>>.GetStatus(short token) => _read.GetStatus(token);

    void IValueTaskSource<ReadOnlyMemory<byte>>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _read.OnCompleted(continuation, state, token, flags);

    /// <summary>The zero-byte receive. Execution contexts don't flow: nobody here looks at them.</summary>
    private sealed class Receivable(SocketConnection connection) : SocketAsyncEventArgs(true)
    {
        protected override void OnCompleted(SocketAsyncEventArgs e) => connection.OnReceivable();
    }
}
