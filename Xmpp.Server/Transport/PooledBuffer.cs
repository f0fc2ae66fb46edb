namespace Xmpp.Server.Transport;

/// <summary>
/// A queue of bytes in one array of the <see cref="SlabPool"/>: appended at the end, consumed at the start, no array
/// while empty. Bytes can be lent (to a reader, to the kernel); lent bytes stay where they are until reclaimed, whatever
/// happens to the buffer meanwhile. A mutable struct: keep it in a field, pass it by reference. Not thread-safe.
/// </summary>
internal struct PooledBuffer
{
    private byte[]? _array;
    private byte[]? _lent;
    private int _start;
    private int _end;

    public readonly int Length => _end - _start;

    public readonly ReadOnlySpan<byte> Span => _array.AsSpan(_start, _end - _start);

    public readonly ReadOnlyMemory<byte> Memory => _array.AsMemory(_start, _end - _start);

    /// <summary>Room behind the bytes, at least the given length; <see cref="Commit"/> what was written to it.</summary>
    public Memory<byte> GetRoom(int minimumLength)
    {
        if (_array is null || _array.Length - _end < minimumLength)
            MakeRoom(minimumLength);
        return _array.AsMemory(_end);
    }

    public void Commit(int length) => _end += length;

    public void Append(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(GetRoom(bytes.Length).Span);
        _end += bytes.Length;
    }

    /// <summary>Removes the first bytes.</summary>
    public void Consume(int length)
    {
        _start += length;
        if (_start == _end)
            Release();
    }

    /// <summary>Everything in the buffer, valid until <see cref="Reclaim"/>, which has to follow.</summary>
    public Memory<byte> Lend()
    {
        _lent = _array;
        return _array.AsMemory(_start, _end - _start);
    }

    /// <summary>Takes back what was lent, and removes its first bytes (unless the buffer was released meanwhile).</summary>
    public void Reclaim(int consumed)
    {
        var lent = _lent;
        _lent = null;
        if (lent is not null && !ReferenceEquals(lent, _array))
            SlabPool.Return(lent);
        if (_array is not null)
            Consume(consumed);
    }

    /// <summary>Moves the bytes to the smallest array that holds them.</summary>
    public void Trim()
    {
        if (_array is not null && SlabPool.SizeFor(Length) < _array.Length && _array.Length <= SlabPool.LargestSize)
            MoveTo(SlabPool.Rent(Length));
    }

    /// <summary>Drops the bytes and gives the array back.</summary>
    public void Release()
    {
        if (_array is not null && !ReferenceEquals(_array, _lent))
            SlabPool.Return(_array);
        _array = null;
        _start = _end = 0;
    }

    private void MakeRoom(int minimumLength)
    {
        if (_array is null)
        {
            _array = SlabPool.Rent(minimumLength);
            return;
        }
        var length = Length;
        // Moving pays only if it frees much: otherwise a full buffer that drains byte by byte would be moved for each.
        if (_lent is null && _start >= _array.Length / 2 && _array.Length - length >= minimumLength)
        {
            Buffer.BlockCopy(_array, _start, _array, 0, length);
            _start = 0;
            _end = length;
            return;
        }
        MoveTo(SlabPool.Rent(Math.Max(checked(length + minimumLength), Math.Min(length * 2, Array.MaxLength))));
    }

    private void MoveTo(byte[] array)
    {
        var length = Length;
        Buffer.BlockCopy(_array!, _start, array, 0, length);
        Release();
        _array = array;
        _end = length;
    }
}
