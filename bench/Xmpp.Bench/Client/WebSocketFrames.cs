using System.Buffers.Binary;

namespace Xmpp.Bench.Client;

/// <summary>Elements as messages of a WebSocket (RFC 7395), and back: to the scenarios it looks like a stream over TCP.</summary>
internal sealed class WebSocketFrames
{
    private const byte LastText = 0x81;
    private const byte Masked = 0x80;
    private const byte IsControl = 0x08;
    private const int LongestHead = 14;

    private byte[] _output = new byte[4096];
    private readonly byte[] _head = new byte[LongestHead];
    private int _headLength;
    private long _left;
    private bool _isControl;

    /// <summary>Puts each element into a message of its own.</summary>
    /// <returns>Valid until the next call.</returns>
    public ReadOnlySpan<byte> Wrap(ReadOnlySpan<byte> elements)
    {
        var length = 0;
        while (ElementScanner.TryRead(ref elements, out var element))
        {
            var whole = element.Whole;
            // RFC 7395 §3.3.3: there is no header to declare it.
            var declaration = element.StartTag.IndexOf(" xmlns="u8) < 0 ? " xmlns='jabber:client'"u8 : default;
            var payload = declaration.Length + whole.Length;
            if (_output.Length < length + payload + LongestHead)
                Array.Resize(ref _output, 2 * (length + payload + LongestHead));
            var frame = _output.AsSpan(length);
            frame[0] = LastText;
            var size = payload < 126 ? 2 : 4;
            frame[1] = (byte)(Masked | (size == 2 ? payload : 126));
            if (size == 4)
                BinaryPrimitives.WriteUInt16BigEndian(frame[2..], checked((ushort)payload));
            // A key of zeros is one (RFC 6455 §5.3), and costs this side nothing.
            frame.Slice(size, 4).Clear();
            var nameEnd = element.Name.Length + 1;
            frame = frame[(size + 4)..];
            whole[..nameEnd].CopyTo(frame);
            declaration.CopyTo(frame[nameEnd..]);
            whole[nameEnd..].CopyTo(frame[(nameEnd + declaration.Length)..]);
            length += size + 4 + payload;
        }
        return _output.AsSpan(0, length);
    }

    /// <summary>Leaves of what was received only the elements, at the beginning.</summary>
    /// <returns>Their length.</returns>
    public int Unwrap(Span<byte> received)
    {
        var kept = 0;
        for (var read = 0; read < received.Length;)
        {
            if (_left == 0)
            {
                _head[_headLength++] = received[read++];
                ReadHead();
                continue;
            }
            var part = (int)Math.Min(_left, received.Length - read);
            if (!_isControl)
            {
                received.Slice(read, part).CopyTo(received[kept..]);
                kept += part;
            }
            read += part;
            _left -= part;
        }
        return kept;
    }

    /// <summary>Of a frame of the server, which has no key.</summary>
    private void ReadHead()
    {
        var size = _headLength < 2 ? 2 : _head[1] switch { 126 => 4, 127 => 10, _ => 2 };
        if (_headLength < size)
            return;
        _left = size switch
        {
            4 => BinaryPrimitives.ReadUInt16BigEndian(_head.AsSpan(2)),
            10 => BinaryPrimitives.ReadInt64BigEndian(_head.AsSpan(2)),
            _ => _head[1],
        };
        _isControl = (_head[0] & IsControl) != 0;
        _headLength = 0;
    }
}
