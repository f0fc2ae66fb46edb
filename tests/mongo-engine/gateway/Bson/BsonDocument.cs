using System.Buffers.Binary;
using System.Text;

namespace Xmpp.MongoGateway.Bson;

/// <summary>The bytes of a document, whose elements are found by walking them.</summary>
public readonly struct BsonDocument
{
    public BsonDocument(ReadOnlyMemory<byte> bytes)
    {
        if (bytes.Length < 5 || BinaryPrimitives.ReadInt32LittleEndian(bytes.Span) != bytes.Length || bytes.Span[^1] != 0)
            throw new MongoException(MongoError.InvalidBson, "a document's length is wrong");
        Bytes = bytes;
    }

    public static BsonDocument Empty { get; } = new(new byte[] { 5, 0, 0, 0, 0 });

    public ReadOnlyMemory<byte> Bytes { get; }

    /// <summary>The element of a name, or null.</summary>
    public BsonElement? this[string name]
    {
        get
        {
            foreach (var element in Elements())
                if (element.Name == name)
                    return element;
            return null;
        }
    }

    public IEnumerable<BsonElement> Elements()
    {
        var at = 4;
        while (at < Bytes.Length - 1)
        {
            var type = (BsonType)Bytes.Span[at++];
            var nameLength = Bytes.Span[at..].IndexOf((byte)0);
            var name = Encoding.UTF8.GetString(Bytes.Span.Slice(at, nameLength));
            at += nameLength + 1;
            var size = SizeOf(type, Bytes.Span[at..]);
            if (size < 0 || at + size > Bytes.Length - 1)
                throw new MongoException(MongoError.InvalidBson, $"'{name}' is longer than its document");
            yield return new BsonElement(type, name, Bytes.Slice(at, size));
            at += size;
        }
    }

    private static int SizeOf(BsonType type, ReadOnlySpan<byte> value) => type switch
    {
        BsonType.Double or BsonType.DateTime or BsonType.Timestamp or BsonType.Int64 => 8,
        BsonType.String or BsonType.Code or BsonType.Symbol => 4 + BinaryPrimitives.ReadInt32LittleEndian(value),
        BsonType.Document or BsonType.Array or BsonType.CodeWithScope => BinaryPrimitives.ReadInt32LittleEndian(value),
        BsonType.Binary => 5 + BinaryPrimitives.ReadInt32LittleEndian(value),
        BsonType.Undefined or BsonType.Null or BsonType.MaxKey or BsonType.MinKey => 0,
        BsonType.ObjectId => 12,
        BsonType.Boolean => 1,
        BsonType.Regex => SizeOfRegex(value),
        BsonType.DbPointer => 16 + BinaryPrimitives.ReadInt32LittleEndian(value),
        BsonType.Int32 => 4,
        BsonType.Decimal128 => 16,
        _ => throw new MongoException(MongoError.InvalidBson, $"unknown type 0x{(byte)type:x2}"),
    };

    private static int SizeOfRegex(ReadOnlySpan<byte> value)
    {
        var pattern = value.IndexOf((byte)0) + 1;
        return pattern + value[pattern..].IndexOf((byte)0) + 1;
    }
}
