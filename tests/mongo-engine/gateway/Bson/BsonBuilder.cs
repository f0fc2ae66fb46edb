using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Xmpp.MongoGateway.Bson;

/// <summary>Builds the small documents that the gateway answers with by itself.</summary>
public sealed class BsonBuilder
{
    private readonly ArrayBufferWriter<byte> _bytes = new();

    public BsonBuilder() => Write32(0);

    public BsonBuilder Add(string name, string value)
    {
        Begin(BsonType.String, name);
        Write32(Encoding.UTF8.GetByteCount(value) + 1);
        WriteText(value);
        return this;
    }

    public BsonBuilder Add(string name, int value)
    {
        Begin(BsonType.Int32, name);
        Write32(value);
        return this;
    }

    public BsonBuilder Add(string name, long value) => Add64(BsonType.Int64, name, value);

    public BsonBuilder Add(string name, double value) => Add64(BsonType.Double, name, BitConverter.DoubleToInt64Bits(value));

    public BsonBuilder Add(string name, DateTimeOffset value) => Add64(BsonType.DateTime, name, value.ToUnixTimeMilliseconds());

    public BsonBuilder Add(string name, bool value)
    {
        Begin(BsonType.Boolean, name);
        Write(value ? (byte)1 : (byte)0);
        return this;
    }

    public BsonBuilder Add(string name, ReadOnlySpan<byte> binary)
    {
        Begin(BsonType.Binary, name);
        Write32(binary.Length);
        Write(0);
        Write(binary);
        return this;
    }

    /// <summary>An ObjectId.</summary>
    /// <param name="value">Its 12 bytes.</param>
    public BsonBuilder AddObjectId(string name, ReadOnlySpan<byte> value)
    {
        Begin(BsonType.ObjectId, name);
        Write(value);
        return this;
    }

    public BsonBuilder Add(string name, BsonBuilder document)
    {
        Begin(BsonType.Document, name);
        Write(document.ToDocument().Bytes.Span);
        return this;
    }

    public BsonBuilder AddArray<T>(string name, IEnumerable<T> items, Action<BsonBuilder, string, T> add)
    {
        var array = new BsonBuilder();
        foreach (var (index, item) in items.Index())
            add(array, index.ToString(CultureInfo.InvariantCulture), item);
        Begin(BsonType.Array, name);
        Write(array.ToDocument().Bytes.Span);
        return this;
    }

    public BsonBuilder AddArray(string name, IEnumerable<string> items) =>
        AddArray(name, items, (array, index, item) => array.Add(index, item));

    /// <summary>An element of another document.</summary>
    public BsonBuilder Add(BsonElement element) => Add(element.Name, element);

    /// <summary>The value of another document's element under a name of its own.</summary>
    public BsonBuilder Add(string name, BsonElement element)
    {
        Begin(element.Type, name);
        Write(element.Value.Span);
        return this;
    }

    /// <summary>What was added so far; nothing may be added any more.</summary>
    public BsonDocument ToDocument()
    {
        Write(0);
        var bytes = _bytes.WrittenSpan.ToArray();
        BinaryPrimitives.WriteInt32LittleEndian(bytes, bytes.Length);
        return new BsonDocument(bytes);
    }

    /// <summary>The reply of a command that succeeded.</summary>
    public BsonDocument ToReply() => Add("ok", 1.0).ToDocument();

    private BsonBuilder Add64(BsonType type, string name, long value)
    {
        Begin(type, name);
        BinaryPrimitives.WriteInt64LittleEndian(_bytes.GetSpan(8), value);
        _bytes.Advance(8);
        return this;
    }

    private void Write(params ReadOnlySpan<byte> bytes) => _bytes.Write(bytes);

    private void Begin(BsonType type, string name)
    {
        Write((byte)type);
        WriteText(name);
    }

    private void Write32(int value)
    {
        BinaryPrimitives.WriteInt32LittleEndian(_bytes.GetSpan(4), value);
        _bytes.Advance(4);
    }

    private void WriteText(string text)
    {
        Encoding.UTF8.GetBytes(text, _bytes);
        Write(0);
    }
}
