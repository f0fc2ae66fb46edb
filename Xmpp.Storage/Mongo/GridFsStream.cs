using System.Buffers;

namespace Xmpp.Storage.Mongo;

/// <summary>The content of a file, of which one chunk at a time is in memory. For one reader, who reads asynchronously.</summary>
/// <param name="readChunk">Reads the content of a chunk by its number into the memory, and says how long it is.</param>
/// <param name="length">Of the file, in bytes.</param>
/// <param name="chunkSize">Of all chunks but the last, in bytes.</param>
internal sealed class GridFsStream(
    Func<int, Memory<byte>, CancellationToken, ValueTask<int>> readChunk, long length, int chunkSize) : Stream
{
    private byte[]? _buffer;
    private int _number = -1;
    private int _filled;

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length => length;

    public override long Position { get; set; }

    /// <summary>What is next, as far as it is in one chunk; empty at the end. Stays until the next call.</summary>
    public async ValueTask<ReadOnlyMemory<byte>> ReadPartAsync(long most, CancellationToken cancellationToken)
    {
        most = Math.Min(most, length - Position);
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

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override long Seek(long offset, SeekOrigin origin) => Position = offset + origin switch
    {
        SeekOrigin.Begin => 0,
        SeekOrigin.Current => Position,
        _ => length,
    };

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Flush()
    {
    }

    protected override void Dispose(bool disposing)
    {
        if (Interlocked.Exchange(ref _buffer, null) is { } buffer)
            ArrayPool<byte>.Shared.Return(buffer);
        base.Dispose(disposing);
    }
}
