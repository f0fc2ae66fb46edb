using System.Threading.Tasks.Sources;

namespace Xmpp.Server.Transport;

/// <summary>
/// What an SslStream has for a network: reads wait for <see cref="Feed"/>, which runs their continuations before it
/// returns; writes never wait, <see cref="MoveOutputTo"/> takes what they brought.
/// </summary>
internal sealed class CiphertextStream : Stream, IValueTaskSource<int>
{
    private ManualResetValueTaskSourceCore<int> _read;
    private PooledBuffer _input;
    private PooledBuffer _output;
    private Memory<byte> _waiting;
    private bool _isWaiting;
    private bool _ended;

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Bytes from the peer.</summary>
    public void Feed(ReadOnlySpan<byte> bytes)
    {
        _input.Append(bytes);
        CompleteRead();
    }

    /// <summary>There will be no more.</summary>
    public void End()
    {
        _ended = true;
        CompleteRead();
    }

    /// <summary>Appends what was written to the bytes for the peer.</summary>
    public void MoveOutputTo(ref PooledBuffer wire)
    {
        if (_output.Length == 0)
            return;
        wire.Append(_output.Span);
        _output.Release();
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_input.Length > 0 || _ended)
            return new(Take(buffer));
        _waiting = buffer;
        _isWaiting = true;
        _read.Reset();
        return new(this, _read.Version);
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        _output.Append(buffer.Span);
        return default;
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override void Write(byte[] buffer, int offset, int count) => _output.Append(buffer.AsSpan(offset, count));

    public override void Flush()
    {
        // Nothing is held back.
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        _input.Release();
        _output.Release();
        base.Dispose(disposing);
    }

    private void CompleteRead()
    {
        if (!_isWaiting)
            return;
        _isWaiting = false;
        var buffer = _waiting;
        _waiting = default;
        _read.SetResult(Take(buffer));
    }

    private int Take(Memory<byte> buffer)
    {
        var count = Math.Min(buffer.Length, _input.Length);
        _input.Span[..count].CopyTo(buffer.Span);
        if (count > 0)
            _input.Consume(count);
        return count;
    }

    int IValueTaskSource<int>.GetResult(short token) => _read.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<int>.GetStatus(short token) => _read.GetStatus(token);

    void IValueTaskSource<int>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _read.OnCompleted(continuation, state, token, flags);
}
