using System.Buffers;

namespace Xmpp.Storage.Mongo;

/// <summary>The content of a file, of which one chunk at a time is in memory.</summary>
/// <param name="readChunk">Reads the content of a chunk by its number into the memory, and says how long it is.</param>
/// <param name="length">Of the file, in bytes.</param>
/// <param name="chunkSize">Of all chunks but the last, in bytes.</param>
internal sealed class GridFsStream(
    Func<int, Memory<byte>, CancellationToken, ValueTask<int>> readChunk, long length, int chunkSize) : ContentStream(length)
{
    private byte[]? _buffer;
    private int _number = -1;
    private int _filled;

    /// <summary>What is next, as far as it is in one chunk; empty at the end. Stays until the next call.</summary>
    public async ValueTask<ReadOnlyMemory<byte>> ReadPartAsync(long most, CancellationToken cancellationToken)
    {
        most = Math.Min(most, Length - Position);
        if (most <= 0)
            return default;
        var (number, offset) = ((int)(Position / chunkSize), (int)(Position % chunkSize));
        if (number != _number)
        {
            // Whoever disposes of the stream while it is filled doesn't give it to others.
            var buffer = Interlocked.Exchange(ref _buffer, null) ?? ArrayPool<byte>.Shared.Rent(chunkSize);
            _number = -1;
            _filled = await readChunk(number, buffer, cancellationToken);
            (_buffer, _number) = (buffer, number);
        }
        if (offset >= _filled)
            throw new InvalidDataException($"Chunk {number} has {_filled} bytes only.");
        var part = _buffer.AsMemory(offset, (int)Math.Min(_filled - offset, most));
        Position += part.Length;
        return part;
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var part = await ReadPartAsync(buffer.Length, cancellationToken);
        part.CopyTo(buffer);
        return part.Length;
    }

    protected override void Dispose(bool disposing)
    {
        if (Interlocked.Exchange(ref _buffer, null) is { } buffer)
            ArrayPool<byte>.Shared.Return(buffer);
        base.Dispose(disposing);
    }
}
