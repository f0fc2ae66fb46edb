using System.Net;
using System.Threading.Tasks.Sources;
using Xmpp.Server.Transport;

namespace Xmpp.Server.Web.Framing;

/// <summary>
/// A connection whose bytes travel as single elements in something else. It looks like one of TCP to the stream above: what comes is
/// given to it as it would stand there, with headers in place of what stands for them.
/// </summary>
internal abstract class FramedConnection : Connection, IValueTaskSource<ReadOnlyMemory<byte>>
{
    private ManualResetValueTaskSourceCore<ReadOnlyMemory<byte>> _read;
    private TaskCompletionSource? _finished;
    private PooledBuffer _input;
    private ITimer? _graceTimer;
    private string? _abortReason;
    private bool _reading;    // ReadAsync gave a task that is still to be completed
    private bool _fresh;      // _input has bytes the reader was not given yet
    private bool _inputEnded;
    private bool _isFinished;

    protected FramedConnection(IPEndPoint remoteEndPoint, TlsInfo? tls, SocketConnectionOptions options) =>
        (RemoteEndPoint, Tls, Options) = (remoteEndPoint, tls, options);

    protected enum State : byte
    {
        Open,

        /// <summary>Output is sent to its end, input is thrown away.</summary>
        Closing,

        Closed,
    }

    public override IPEndPoint RemoteEndPoint { get; }

    public override TlsInfo? Tls { get; }

    public override bool HasWholeElements => true;

    public override string? AbortReason => _abortReason;

    public override Task Finished
    {
        get
        {
            lock (Gate)
            {
                _finished ??= new(TaskCreationOptions.RunContinuationsAsynchronously);
                if (_isFinished)
                    _finished.TrySetResult();
                return _finished.Task;
            }
        }
    }

    /// <summary>Whether the stream has not taken all that came. In the gate.</summary>
    protected bool HasUnreadInput => _fresh;

    protected SocketConnectionOptions Options { get; }

    /// <summary>Nothing ever waits in it.</summary>
    protected Lock Gate { get; } = new();

    protected State Phase { get; private set; }

    /// <summary>Closed without having been said so.</summary>
    protected bool IsAborted { get; private set; }

    public sealed override ValueTask<ReadOnlyMemory<byte>> ReadAsync()
    {
        short version;
        lock (Gate)
        {
            if (_reading)
                throw new InvalidOperationException("A read is pending: reading belongs to one loop.");
            if (Phase is not State.Open || (_inputEnded && !_fresh))
            {
                _input.Release();
                return default;
            }
            if (_fresh)
                return new(LendInput());
            _read.Reset();
            _read.RunContinuationsAsynchronously = false;
            _reading = true;
            version = _read.Version;
        }
        OnWanted();
        return new(this, version);
    }

    public sealed override void Advance(int consumed)
    {
        lock (Gate)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(consumed);
            if (Phase is State.Open)
                ArgumentOutOfRangeException.ThrowIfGreaterThan(consumed, _input.Length);
            _input.Reclaim(consumed);
        }
    }

    /// <exception cref="NotSupportedException">TLS is below what carries this connection (RFC 7395 §3.9).</exception>
    public sealed override ValueTask StartTlsAsync(ITlsServer tls, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    /// <exception cref="NotSupportedException">Nobody is connected to by HTTP.</exception>
    public sealed override ValueTask StartTlsAsync(ITlsClient tls, TlsTarget target, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public sealed override void Close()
    {
        lock (Gate)
        {
            if (Phase is not State.Open)
                return;
            Phase = State.Closing;
            EndRead();
            _input.Release();
            _graceTimer = Options.TimeProvider.CreateTimer(
                static connection => ((FramedConnection)connection!).Abort("the peer did not close in time"),
                this, Options.CloseGrace, Timeout.InfiniteTimeSpan);
        }
        OnClosing();
    }

    public sealed override void Abort(string reason)
    {
        lock (Gate)
            AbortCore(reason);
    }

    /// <summary>The stream wants to read. Not in the gate.</summary>
    protected virtual void OnWanted()
    {
    }

    /// <summary>The connection was closed from this side. Not in the gate.</summary>
    protected abstract void OnClosing();

    /// <summary>The connection is over, and what it holds is to be let go. In the gate.</summary>
    protected abstract void OnClosed();

    /// <summary>Adds what the stream is to read, in the gate; <see cref="CompleteRead"/> follows.</summary>
    protected void AddInput(ReadOnlySpan<byte> bytes)
    {
        if (_input.Length + bytes.Length > 2L * Options.MaxInputBytes)
        {
            AbortCore($"more than {2L * Options.MaxInputBytes} bytes of input are unread");
            return;
        }
        _input.Append(bytes);
        _fresh = true;
    }

    /// <summary>Nothing more will come. In the gate; <see cref="CompleteRead"/> follows.</summary>
    /// <param name="reason">For the log; null when that is in order.</param>
    protected void EndInput(string? reason)
    {
        _inputEnded = true;
        _abortReason ??= reason;
    }

    /// <summary>Lets the stream go on if there is something for it, on this thread. Not in the gate.</summary>
    /// <returns>Whether the stream was told, or doesn't listen any more.</returns>
    protected bool CompleteRead()
    {
        ReadOnlyMemory<byte> given;
        lock (Gate)
        {
            if (!_reading)
                return Phase is State.Open;
            if (!_fresh && !_inputEnded)
                return false;
            _reading = false;
            given = LendInput();
        }
        _read.SetResult(given);
        return true;
    }

    protected void AbortCore(string reason)
    {
        if (Phase is State.Closed)
            return;
        _abortReason ??= reason;
        IsAborted = true;
        CloseCore();
    }

    /// <summary>Both sides have closed. In the gate.</summary>
    protected void CloseCore()
    {
        if (Phase is State.Closed)
            return;
        Phase = State.Closed;
        _graceTimer?.Dispose();
        EndRead();
        _input.Release();
        OnClosed();
    }

    /// <summary>Nothing of the connection is in use any more.</summary>
    public void Finish()
    {
        lock (Gate)
        {
            CloseCore();
            _isFinished = true;
            _finished?.TrySetResult();
        }
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

    ReadOnlyMemory<byte> IValueTaskSource<ReadOnlyMemory<byte>>.GetResult(short token) => _read.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<ReadOnlyMemory<byte>>.GetStatus(short token) => _read.GetStatus(token);

    void IValueTaskSource<ReadOnlyMemory<byte>>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _read.OnCompleted(continuation, state, token, flags);
}
