using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

namespace Xmpp.Server.Web.Framing;

/// <summary>What a frame is for (RFC 6455 §5.2).</summary>
internal enum WebSocketOpcode : byte
{
    Continuation = 0,
    Text = 1,
    Binary = 2,
    Close = 8,
    Ping = 9,
    Pong = 10,
}

/// <summary>Why a WebSocket ends (RFC 6455 §7.4.1).</summary>
internal enum WebSocketCloseCode : ushort
{
    Normal = 1000,
    ProtocolError = 1002,
    Unacceptable = 1003,
    TooBig = 1009,
}

/// <summary>The head of a frame that a client sent.</summary>
/// <param name="Length">Of the payload.</param>
/// <param name="HeadLength">Of the head, mask included.</param>
internal readonly record struct WebSocketFrame(WebSocketOpcode Opcode, bool IsFinal, long Length, int HeadLength, uint Mask)
{
    /// <summary>The longest head that a frame of ours has.</summary>
    public const int LongestHead = 10;

    private const int MaxControlLength = 125;

    public bool IsControl => Opcode >= WebSocketOpcode.Close;

    /// <summary>Reads a head.</summary>
    /// <param name="frame">Null when more bytes are needed.</param>
    /// <returns>False when it breaks a rule.</returns>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out WebSocketFrame? frame)
    {
        frame = null;
        if (bytes.Length < 2)
            return true;
        var (isFinal, reserved, opcode) = ((bytes[0] & 0x80) != 0, bytes[0] & 0x70, (WebSocketOpcode)(bytes[0] & 0x0F));
        var (isMasked, length) = ((bytes[1] & 0x80) != 0, (long)(bytes[1] & 0x7F));
        var isControl = opcode >= WebSocketOpcode.Close;
        // §5.2: nothing was negotiated that would use the reserved bits; §5.1: clients mask; §5.5: control frames are short and whole.
        if (reserved != 0 || !isMasked || opcode is > WebSocketOpcode.Binary and < WebSocketOpcode.Close or > WebSocketOpcode.Pong
            || (isControl && (!isFinal || length > MaxControlLength)))
        {
            return false;
        }
        var lengthBytes = length switch { 126 => 2, 127 => 8, _ => 0 };
        var headLength = 2 + lengthBytes + 4;
        if (bytes.Length < headLength)
            return true;
        length = lengthBytes switch
        {
            2 => BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]),
            8 => BinaryPrimitives.ReadInt64BigEndian(bytes[2..]),
            _ => length,
        };
        // §5.2: the most significant bit is 0.
        if (length < 0)
            return false;
        frame = new(opcode, isFinal, length, headLength, MemoryMarshal.Read<uint>(bytes[(headLength - 4)..]));
        return true;
    }

    /// <summary>Takes the mask from a payload (§5.3).</summary>
    public void Unmask(Span<byte> payload)
    {
        var mask = new Vector<uint>(Mask);
        var vectors = MemoryMarshal.Cast<byte, Vector<uint>>(payload);
        for (var i = 0; i < vectors.Length; i++)
            vectors[i] ^= mask;
        Span<byte> bytes = stackalloc byte[4];
        MemoryMarshal.Write(bytes, Mask);
        for (var i = vectors.Length * Vector<byte>.Count; i < payload.Length; i++)
            payload[i] ^= bytes[i & 3];
    }

    /// <summary>Writes the head of a whole, unmasked frame, and gives its length.</summary>
    public static int WriteHead(Span<byte> head, WebSocketOpcode opcode, int length)
    {
        head[0] = (byte)(0x80 | (int)opcode);
        switch (length)
        {
            case < 126:
                head[1] = (byte)length;
                return 2;
            case <= ushort.MaxValue:
                head[1] = 126;
                BinaryPrimitives.WriteUInt16BigEndian(head[2..], (ushort)length);
                return 4;
            default:
                head[1] = 127;
                BinaryPrimitives.WriteInt64BigEndian(head[2..], length);
                return 10;
        }
    }
}
