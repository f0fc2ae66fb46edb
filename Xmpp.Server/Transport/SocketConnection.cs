using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Threading.Tasks.Sources;

namespace Xmpp.Server.Transport;

/// <summary>
/// A connection over a socket. An idle one waits in a zero-byte receive and owns no buffer. All state, the socket and the
/// TLS session are used under one lock, in which nothing ever waits; the reader's continuation runs outside of it, on the
/// thread that found the bytes.
/// </summary>
public sealed partial class SocketConnection : Connection, IDisposable, IValueTaskSource<ReadOnlyMemory<byte>>, IThreadPoolWorkItem
{
    /// <summary>After so many reads that found bytes at once, the reader leaves its thread to other connections.</summary>
    private const int MaxSynchronousReads = 16;

    /// <summary>What is left free behind unconsumed input for the next receive.</summary>
    private const int MinReceive = 4 * 1024;

    /// <summary>The first size of an output buffer: most batches to one connection fit.</summary>
    private const int MinOutput = 4 * 1024;

    /// <summary>How much is encrypted ahead of the socket; with the records' overhead it fits the largest slab.</summary>
    private const int MaxEncrypt = 3 * 16 * 1024;

    /// <summary>What a peer may still send between our close and its own.</summary>
    private const int MaxDiscarded = 1024 * 1024;

    [ThreadStatic] private static byte[]? t_scratch;

    private readonly Lock _gate = new();
    private readonly Socket _socket;
    private readonly SocketConnectionOptions _options;
    private readonly Receivable _receivable;
    private Sent? _sent;
    private ManualResetValueTaskSourceCore<ReadOnlyMemory<byte>> _read;
    private TlsSession? _tls;
    private TaskCompletionSource? _finished;
    private ITimer? _graceTimer;
    private string? _abortReason;

    /// <summary>What the reader gets.</summary>
    private PooledBuffer _input;

    /// <summary>What was written and is still to be encrypted. Unused in clear.</summary>
    private PooledBuffer _plaintext;

    /// <summary>What the socket gets.</summary>
    private PooledBuffer _wire;

    private Phase _phase;
    private byte _synchronousReads;
    private bool _reading;      // ReadAsync gave a task that is still to be completed
    private bool _fresh;        // _input has bytes the reader was not given yet
    private bool _armed;        // the kernel has the zero-byte receive
    private bool _sending;      // the kernel has a send
    private bool _inputEnded;   // FIN or close_notify was received
    private bool _finReceived;
    private bool _closeNotifySent;
    private bool _finSent;
    private int _discarded;

    private enum Phase : byte
    {
        Open,

        /// <summary>Output is sent to its end, input is thrown away until the peer's FIN.</summary>
        Closing,

        Closed,
    }

    /// <summary>Takes over a connected socket.</summary>
    /// <param name="socket">Connected; belongs to the connection from now on.</param>
    /// <param name="remoteEndPoint">The peer, or whom the PROXY header named.</param>
    public SocketConnection(Socket socket, IPEndPoint remoteEndPoint, SocketConnectionOptions options)
    {
        socket.Blocking = false;
        _socket = socket;
        _options = options;
        RemoteEndPoint = remoteEndPoint;
        _receivable = new Receivable(this);
    }

    public override IPEndPoint RemoteEndPoint { get; }

    public override TlsInfo? Tls => _tls?.Info;

    public override string? AbortReason => _abortReason;

    public override Task Finished
    {
        get
        {
            lock (_gate)
            {
                _finished ??= new(TaskCreationOptions.RunContinuationsAsynchronously);
                CompleteIfFinished();
                return _finished.Task;
            }
        }
    }

    public override ValueTask<ReadOnlyMemory<byte>> ReadAsync()
    {
        lock (_gate)
        {
            if (_reading)
                throw new InvalidOperationException("A read is pending: reading belongs to one loop.");
            if (_fresh)
                return new(LendInput());
            if (!BeginRead())
                return default;
            if (!Guarded(static connection => connection.TryReceive(readable: false)))
            {
                _synchronousReads = 0;
                return new(this, _read.Version);
            }
            if (++_synchronousReads >= MaxSynchronousReads)
            {
                _synchronousReads = 0;
                ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
                return new(this, _read.Version);
            }
            _reading = false;
            return new(LendInput());
        }
    }

    public override void Advance(int consumed)
    {
        lock (_gate)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(consumed);
            if (_phase is Phase.Open)
                ArgumentOutOfRangeException.ThrowIfGreaterThan(consumed, _input.Length);
            _input.Reclaim(consumed);
        }
    }

    public override bool Write(ReadOnlySpan<byte> bytes)
    {
        lock (_gate)
        {
            if (_phase is not Phase.Open)
                return false;
            if (bytes.IsEmpty)
                return true;
            if (bytes.Length > _options.MaxOutputBytes - _plaintext.Length - _wire.Length)
            {
                AbortCore($"the peer does not read: more than {_options.MaxOutputBytes} bytes are queued for it");
                return false;
            }
            ref var queue = ref _tls is null ? ref _wire : ref _plaintext;
            if (queue.Length == 0)
                queue.GetRoom(Math.Max(MinOutput, bytes.Length));
            queue.Append(bytes);
            return true;
        }
    }

    public override void Flush()
    {
        lock (_gate)
            Send();
    }

    public override ValueTask StartTlsAsync(ITlsServer tls, CancellationToken cancellationToken) =>
        StartTlsAsync(((TlsServer)tls).CreateSession, cancellationToken);

    public override ValueTask StartTlsAsync(ITlsClient tls, TlsTarget target, CancellationToken cancellationToken) =>
        StartTlsAsync(() => ((TlsClient)tls).CreateSession(target), cancellationToken);

    private async ValueTask StartTlsAsync(Func<TlsSession> create, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (_input.Length > 0)
                AbortCore("plaintext is buffered where the TLS handshake begins");
            if (_phase is Phase.Open)
            {
                // From here on writes wait in _plaintext; what is in _wire leaves in clear, ahead of the handshake's answers.
                Send();
                BeginTls(create);
            }
        }
        using var deadline = cancellationToken.UnsafeRegister(
            static connection => ((SocketConnection)connection!).Abort("the TLS handshake took too long"), this);
        // Completes with the handshake, with bytes behind it or not, and when the connection ends.
        await ReadAsync();
        lock (_gate)
        {
            _input.Reclaim(0);
            _fresh = _input.Length > 0;
            if (Tls is null)
            {
                _abortReason ??= "the peer closed the connection in the TLS handshake";
                CloseCore();
                throw new AuthenticationException(_abortReason);
            }
            Send();
        }
    }

    public override void Close()
    {
        lock (_gate)
            CloseCore();
    }

    public override void Abort(string reason)
    {
        lock (_gate)
            AbortCore(reason);
    }

    /// <summary>The same as an abort, for owners that never came to run the connection.</summary>
    public void Dispose() => Abort("disposed");

    /// <summary>
    /// Runs one step of receiving or sending. System.Net.Sockets ends the process for an exception on its thread, so a bug
    /// in here or in a TLS engine has to end with the connection.
    /// </summary>
    private bool Guarded(Func<SocketConnection, bool> step)
    {
        try
        {
            return step(this);
        }
        catch (Exception exception)
        {
            AbortCore($"internal error: {exception.Message}");
            return false;
        }
    }

    private void BeginTls(Func<TlsSession> create)
    {
        try
        {
            _tls = create();
            _tls.Begin(ref _wire);
            Send();
        }
        catch (ObjectDisposedException)
        {
            // Somebody took it just before a reload replaced it.
            AbortCore("TLS was configured anew at this moment");
        }
    }

    private void CloseCore()
    {
        if (_phase is not Phase.Open)
            return;
        _phase = Phase.Closing;
        EndRead();
        _input.Release();
        if (_tls is { Info: null } or { Failure: not null })
            _plaintext.Release();
        _graceTimer = _options.TimeProvider.CreateTimer(
            static connection => ((SocketConnection)connection!).Abort("the peer did not close in time"),
            this, _options.CloseGrace, Timeout.InfiniteTimeSpan);
        Send();
        if (!_armed && _phase is Phase.Closing)
            Discard(readable: false);
    }

    private void AbortCore(string reason)
    {
        if (_phase is Phase.Closed)
            return;
        _abortReason ??= reason;
        End(reset: true);
    }

    /// <summary>Closes the socket, with a RST if asked, and lets go of everything that nobody uses any more.</summary>
    private void End(bool reset)
    {
        _phase = Phase.Closed;
        // Operations the kernel has still to give back complete on the thread pool, as aborted.
        _socket.Close(reset ? 0 : -1);
        _graceTimer?.Dispose();
        EndRead();
        _input.Release();
        _plaintext.Release();
        _wire.Release();
        _tls?.Dispose();
        CompleteIfFinished();
    }

    private void CompleteIfFinished()
    {
        if (_phase is not Phase.Closed || _armed || _sending)
            return;
        _receivable.Dispose();
        _sent?.Dispose();
        _finished?.TrySetResult();
    }

    private static string Describe(SocketError error) => error switch
    {
        SocketError.ConnectionReset or SocketError.ConnectionAborted or SocketError.Shutdown => "connection reset by the peer",
        SocketError.TimedOut => "the peer no longer answers",
        _ => new SocketException((int)error).Message,
    };
}
