using System.Buffers.Binary;
using System.Text;

namespace Xmpp.MongoGateway.Bson;

/// <summary>One element of a document.</summary>
/// <param name="Value">Its bytes as they lie in the document, behind the name.</param>
public readonly record struct BsonElement(BsonType Type, string Name, ReadOnlyMemory<byte> Value)
{
    public bool IsDocument => Type is BsonType.Document or BsonType.Array;

    /// <summary>The text; empty when it is none.</summary>
    public string Text => Type == BsonType.String ? Encoding.UTF8.GetString(Value.Span[4..^1]) : "";

    /// <summary>The document or array; empty when it is none.</summary>
    public BsonDocument Document => IsDocument ? new BsonDocument(Value) : BsonDocument.Empty;

    /// <summary>The bytes of a binary value, without length and subtype.</summary>
    public ReadOnlyMemory<byte> Binary => Type == BsonType.Binary ? Value[5..] : default;

    /// <summary>A number or truth value of any type, since drivers mix them freely; 0 when it is none.</summary>
    public long Number => Type switch
    {
        BsonType.Double => (long)BinaryPrimitives.ReadDoubleLittleEndian(Value.Span),
        BsonType.Int32 => BinaryPrimitives.ReadInt32LittleEndian(Value.Span),
        BsonType.Int64 => BinaryPrimitives.ReadInt64LittleEndian(Value.Span),
        BsonType.Boolean => Value.Span[0],
        _ => 0,
    };

    public bool IsNumber => Type is BsonType.Double or BsonType.Int32 or BsonType.Int64;

    public bool IsTrue => Number != 0;
}
