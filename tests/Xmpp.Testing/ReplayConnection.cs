using System.Net;
using Xmpp.Server.Transport;

namespace Xmpp.Testing;

/// <summary>
/// A connection whose client says something, then the same over and over, and listens to nothing: for measuring what the
/// server does with it. Reads complete at once, on the thread that asks; what is written is forgotten.
/// </summary>
/// <param name="first">What the client says first.</param>
/// <param name="then">What it says again and again.</param>
/// <param name="repeats">How often; after that the connection ends, or stays open and silent when null.</param>
/// <param name="onRepeat">Called before each repetition with its number, and with the number of repetitions behind the last.</param>
public sealed class ReplayConnection(
    TlsInfo tls, ReadOnlyMemory<byte> first, ReadOnlyMemory<byte> then, int? repeats, Action<int> onRepeat) : Connection
{
    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _isFirst = true;
    private int _repeated;

    public override IPEndPoint RemoteEndPoint { get; } = new(IPAddress.Loopback, 49152);

    public override TlsInfo? Tls => tls;

    public override string? AbortReason => null;

    public override Task Finished => Task.CompletedTask;

    public override ValueTask<ReadOnlyMemory<byte>> ReadAsync()
    {
        if (_isFirst)
        {
            _isFirst = false;
            return new(first);
        }
        onRepeat(_repeated);
        if (repeats is null)
            return EndAsync();
        return _repeated++ < repeats ? new(then) : default;
    }

    public override void Advance(int consumed)
    {
    }

    public override bool Write(ReadOnlySpan<byte> bytes) => !_closed.Task.IsCompleted;

    public override void Flush()
    {
    }

    public override ValueTask StartTlsAsync(ITlsServer tls, CancellationToken cancellationToken) => throw new NotSupportedException();

    public override ValueTask StartTlsAsync(ITlsClient tls, TlsTarget target, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public override void Close() => _closed.TrySetResult();

    public override void Abort(string reason) => _closed.TrySetResult();

    private async ValueTask<ReadOnlyMemory<byte>> EndAsync()
    {
        await _closed.Task;
        return default;
    }
}
