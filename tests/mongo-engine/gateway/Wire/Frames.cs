using System.Buffers.Binary;
using System.Text;
using Xmpp.MongoGateway.Bson;

namespace Xmpp.MongoGateway.Wire;

/// <summary>MongoDB's messages: OP_MSG, and OP_QUERY with OP_REPLY, in which drivers say their first hello.</summary>
public static class Frames
{
    public const int HeaderLength = 16;
    public const int MaxMessage = 48_000_000;

    private const int OpReply = 1;
    private const int OpQuery = 2004;
    private const int OpMessage = 2013;

    private const int ChecksumPresent = 1;
    private const int MoreToCome = 2;

    /// <summary>The whole message's length, from its header.</summary>
    public static int LengthOf(ReadOnlySpan<byte> header) => BinaryPrimitives.ReadInt32LittleEndian(header);

    /// <summary>The command that a message brings; null when it is of a kind that no driver sends any more.</summary>
    public static Request? Parse(ReadOnlyMemory<byte> message) => OpcodeOf(message) switch
    {
        OpMessage => ParseMessage(message),
        OpQuery => ParseQuery(message),
        _ => null,
    };

    /// <summary>The frame that answers a message.</summary>
    public static byte[] Reply(ReadOnlyMemory<byte> message, BsonDocument reply)
    {
        var isQuery = OpcodeOf(message) == OpQuery;
        // OP_REPLY: flags (8: the server supports awaiting), cursor, starting from, number of documents; OP_MSG: flags, kind.
        ReadOnlySpan<byte> head = isQuery ? [8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0] : [0, 0, 0, 0, 0];
        var requestId = BinaryPrimitives.ReadInt32LittleEndian(message.Span[4..]);
        var frame = new byte[HeaderLength + head.Length + reply.Bytes.Length];
        BinaryPrimitives.WriteInt32LittleEndian(frame, frame.Length);
        BinaryPrimitives.WriteInt32LittleEndian(frame.AsSpan(4), requestId);
        BinaryPrimitives.WriteInt32LittleEndian(frame.AsSpan(8), requestId);
        BinaryPrimitives.WriteInt32LittleEndian(frame.AsSpan(12), isQuery ? OpReply : OpMessage);
        head.CopyTo(frame.AsSpan(HeaderLength));
        reply.Bytes.Span.CopyTo(frame.AsSpan(HeaderLength + head.Length));
        return frame;
    }

    private static int OpcodeOf(ReadOnlyMemory<byte> message) => BinaryPrimitives.ReadInt32LittleEndian(message.Span[12..]);

    private static Request ParseMessage(ReadOnlyMemory<byte> message)
    {
        var flags = BinaryPrimitives.ReadInt32LittleEndian(message.Span[HeaderLength..]);
        var end = message.Length - ((flags & ChecksumPresent) == 0 ? 0 : 4);
        BsonDocument? body = null;
        var sequences = new Dictionary<string, ReadOnlyMemory<byte>>();
        for (var at = HeaderLength + 4; at < end;)
        {
            var kind = message.Span[at++];
            var section = message.Slice(at, BinaryPrimitives.ReadInt32LittleEndian(message.Span[at..]));
            if (kind == 0)
            {
                body = new BsonDocument(section);
            }
            else
            {
                var nameLength = section.Span[4..].IndexOf((byte)0);
                sequences[Encoding.UTF8.GetString(section.Span.Slice(4, nameLength))] = section[(4 + nameLength + 1)..];
            }
            at += section.Length;
        }
        return new Request(body ?? BsonDocument.Empty, sequences, WantsReply: (flags & MoreToCome) == 0);
    }

    private static Request ParseQuery(ReadOnlyMemory<byte> message)
    {
        // Flags, the collection "admin.$cmd", how many to skip and to return, the command.
        var at = HeaderLength + 4;
        at += message.Span[at..].IndexOf((byte)0) + 1 + 8;
        var length = BinaryPrimitives.ReadInt32LittleEndian(message.Span[at..]);
        return new Request(new BsonDocument(message.Slice(at, length)), new Dictionary<string, ReadOnlyMemory<byte>>(), WantsReply: true);
    }
}
