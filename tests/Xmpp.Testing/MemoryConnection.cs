using System.Net;
using System.Threading.Tasks.Sources;
using Xmpp.Server.Transport;

namespace Xmpp.Testing;

/// <summary>
/// One end of a connection without a socket. What one end flushes the other reads; nothing is ever in between, so the
/// output limit counts what the other end has not consumed.
/// </summary>
public sealed class MemoryConnection : Connection, IValueTaskSource<ReadOnlyMemory<byte>>
{
    private readonly Lock _gate;
    private readonly int _maxOutputBytes;
    private readonly List<byte> _queued = [];
    private readonly TaskCompletionSource _finished = new(TaskCreationOptions.RunContinuationsAsynchronously);
    // Continuations run on the thread pool: the two ends would otherwise run inside each other's writes.
    private ManualResetValueTaskSourceCore<ReadOnlyMemory<byte>> _read = new() { RunContinuationsAsynchronously = true };
    private MemoryConnection _peer = null!;
    private byte[] _input = [];
    private bool _fresh;
    private bool _reading;
    private bool _inputEnded;
    private bool _closed;
    private string? _abortReason;

    private MemoryConnection(Lock gate, IPEndPoint remoteEndPoint, int maxOutputBytes)
    {
        _gate = gate;
        _maxOutputBytes = maxOutputBytes;
        RemoteEndPoint = remoteEndPoint;
    }

    public override IPEndPoint RemoteEndPoint { get; }

    public override TlsInfo? Tls => ClaimedTls;

    /// <summary>What this end believes TLS to have agreed on: there is none, but what is above depends on it.</summary>
    public TlsInfo? ClaimedTls { get; set; }

    /// <summary>What <see cref="StartTlsAsync(ITlsServer, CancellationToken)"/> pretends to agree on; null: it isn't supported.</summary>
    public TlsInfo? TlsToClaim { get; set; }

    public override string? AbortReason => _abortReason;

    public override Task Finished => _finished.Task;

    /// <summary>The two ends of a new connection.</summary>
    /// <param name="maxOutputBytes">What either end may queue for the other.</param>
    /// <param name="clientAddress">Where the server sees the client; loopback if not given.</param>
    public static (MemoryConnection Client, MemoryConnection Server) CreatePair(
        int maxOutputBytes = 4 * 1024 * 1024, IPAddress? clientAddress = null)
    {
        var gate = new Lock();
        var client = new MemoryConnection(gate, new(IPAddress.Loopback, 5222), maxOutputBytes);
        var server = new MemoryConnection(gate, new(clientAddress ?? IPAddress.Loopback, 49152), maxOutputBytes) { _peer = client };
        client._peer = server;
        return (client, server);
    }

    public override ValueTask<ReadOnlyMemory<byte>> ReadAsync()
    {
        lock (_gate)
        {
            if (_reading)
                throw new InvalidOperationException("A read is pending: reading belongs to one loop.");
            if (_fresh)
            {
                _fresh = false;
                return new(_input);
            }
            if (_closed || _inputEnded)
                return default;
            _read.Reset();
            _reading = true;
            return new(this, _read.Version);
        }
    }

    public override void Advance(int consumed)
    {
        lock (_gate)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(consumed);
            if (_closed)
                return;
            ArgumentOutOfRangeException.ThrowIfGreaterThan(consumed, _input.Length);
            _input = _input[consumed..];
        }
    }

    public override bool Write(ReadOnlySpan<byte> bytes)
    {
        lock (_gate)
        {
            if (_closed)
                return false;
            if (bytes.Length > _maxOutputBytes - _queued.Count - _peer._input.Length)
            {
                AbortCore($"the peer does not read: more than {_maxOutputBytes} bytes are queued for it");
                return false;
            }
            _queued.AddRange(bytes);
            return true;
        }
    }

    public override void Flush()
    {
        lock (_gate)
            Deliver();
    }

    /// <exception cref="NotSupportedException">There is no TLS in memory, and nothing to claim.</exception>
    public override ValueTask StartTlsAsync(ITlsServer tls, CancellationToken cancellationToken)
    {
        ClaimedTls = TlsToClaim ?? throw new NotSupportedException("A connection in memory has no TLS.");
        Flush();
        return default;
    }

    /// <inheritdoc cref="StartTlsAsync(ITlsServer, CancellationToken)"/>
    public override ValueTask StartTlsAsync(ITlsClient tls, TlsTarget target, CancellationToken cancellationToken) =>
        StartTlsAsync((ITlsServer)null!, cancellationToken);

    public override void Close()
    {
        lock (_gate)
        {
            if (_closed)
                return;
            Deliver();
            _closed = true;
            EndRead();
            _peer._inputEnded = true;
            _peer.EndRead();
            _finished.TrySetResult();
        }
    }

    public override void Abort(string reason)
    {
        lock (_gate)
            AbortCore(reason);
    }

    private void AbortCore(string reason)
    {
        if (_closed)
            return;
        _abortReason = reason;
        _queued.Clear();
        _closed = true;
        EndRead();
        _finished.TrySetResult();
        _peer.AbortCore("connection reset by the peer");
    }

    private void Deliver()
    {
        if (_queued.Count == 0)
            return;
        if (!_peer._closed)
        {
            // A new array: the old one may be in the reader's hands.
            _peer._input = [.. _peer._input, .. _queued];
            _peer._fresh = true;
            _peer.EndRead();
        }
        _queued.Clear();
    }

    /// <summary>Completes a pending read: with the bytes that came, or as at the end.</summary>
    private void EndRead()
    {
        if (!_reading)
            return;
        _reading = false;
        var given = _fresh && !_closed ? _input : [];
        _fresh = false;
        _read.SetResult(given);
    }

    ReadOnlyMemory<byte> IValueTaskSource<ReadOnlyMemory<byte>>.GetResult(short token) => _read.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<ReadOnlyMemory<byte>>.GetStatus(short token) => _read.GetStatus(token);

    void IValueTaskSource<ReadOnlyMemory<byte>>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _read.OnCompleted(continuation, state, token, flags);
}
