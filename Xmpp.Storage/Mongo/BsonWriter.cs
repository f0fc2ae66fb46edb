using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Xmpp.Storage.Mongo;

/// <summary>
/// Writes one document. Methods with a name write a field of a document, those without one an item of an array; what
/// <see cref="Begin(string)"/> and <see cref="BeginArray(string)"/> open, <see cref="End"/> closes.
/// </summary>
internal sealed class BsonWriter
{
    /// <summary>Documents within documents, the outermost counted: what MongoDB stores at most.</summary>
    public const int MaxDepth = 100;

    // A writer that once wrote a big document does not keep its buffer.
    private const int KeptBytes = 64 * 1024;

    // Text that is no Unicode is a bug to be told of, not to be stored with replacement characters.
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    [ThreadStatic]
    private static BsonWriter? _spare;

    private readonly Level[] _levels = new Level[MaxDepth];
    private byte[] _buffer = new byte[512];
    private int _length;
    private int _depth;

    private BsonWriter()
    {
    }

    /// <summary>A writer that has begun a document. It goes back with <see cref="ToDocument"/>.</summary>
    public static BsonWriter Rent()
    {
        var writer = _spare ?? new BsonWriter();
        _spare = null;
        (writer._length, writer._depth) = (0, 0);
        writer.Open(isArray: false);
        return writer;
    }

    /// <summary>Closes the document and gives the writer back.</summary>
    /// <exception cref="InvalidOperationException">Something within it is still open.</exception>
    public BsonDocument ToDocument()
    {
        if (_depth != 1)
            throw new InvalidOperationException("A document or array was opened and not closed.");
        Close();
        var document = new BsonDocument(_buffer.AsSpan(0, _length).ToArray());
        if (_buffer.Length <= KeptBytes)
            _spare = this;
        return document;
    }

    public BsonWriter Begin(string name) => Head(BsonType.Document, name).Open(isArray: false);

    public BsonWriter Begin() => Item(BsonType.Document).Open(isArray: false);

    public BsonWriter BeginArray(string name) => Head(BsonType.Array, name).Open(isArray: true);

    public BsonWriter BeginArray() => Item(BsonType.Array).Open(isArray: true);

    /// <summary>Closes what was opened last.</summary>
    public BsonWriter End()
    {
        if (_depth < 2)
            throw new InvalidOperationException("Nothing is open.");
        return Close();
    }

    public BsonWriter String(string name, ReadOnlySpan<char> value) => Head(BsonType.String, name).Text(value);

    public BsonWriter String(ReadOnlySpan<char> value) => Item(BsonType.String).Text(value);

    /// <summary>Text that is UTF-8 already.</summary>
    public BsonWriter Utf8String(string name, ReadOnlySpan<byte> value)
    {
        Head(BsonType.String, name);
        BinaryPrimitives.WriteInt32LittleEndian(Take(4), value.Length + 1);
        value.CopyTo(Take(value.Length));
        Take(1)[0] = 0;
        return this;
    }

    public BsonWriter Int32(string name, int value) => Head(BsonType.Int32, name).Number(value);

    public BsonWriter Int32(int value) => Item(BsonType.Int32).Number(value);

    public BsonWriter Int64(string name, long value) => Head(BsonType.Int64, name).Number(value);

    public BsonWriter Int64(long value) => Item(BsonType.Int64).Number(value);

    public BsonWriter Double(string name, double value) => Head(BsonType.Double, name).Number(BitConverter.DoubleToInt64Bits(value));

    public BsonWriter Bool(string name, bool value)
    {
        Head(BsonType.Boolean, name).Take(1)[0] = value ? (byte)1 : (byte)0;
        return this;
    }

    /// <summary>A time, of which milliseconds are kept.</summary>
    public BsonWriter Date(string name, DateTimeOffset value) => Head(BsonType.DateTime, name).Number(value.ToUnixTimeMilliseconds());

    public BsonWriter Null(string name) => Head(BsonType.Null, name);

    public BsonWriter Bytes(string name, ReadOnlySpan<byte> value) => Head(BsonType.Binary, name).Binary(value);

    public BsonWriter Bytes(ReadOnlySpan<byte> value) => Item(BsonType.Binary).Binary(value);

    /// <param name="value">12 bytes.</param>
    public BsonWriter ObjectId(string name, ReadOnlySpan<byte> value)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(value.Length, 12);
        value.CopyTo(Head(BsonType.ObjectId, name).Take(12));
        return this;
    }

    public BsonWriter Document(string name, BsonDocument value) => Head(BsonType.Document, name).Raw(value.Bytes);

    public BsonWriter Document(BsonDocument value) => Item(BsonType.Document).Raw(value.Bytes);

    /// <summary>A value as a <see cref="BsonReader"/> found it.</summary>
    public BsonWriter Value(string name, BsonType type, ReadOnlySpan<byte> value) => Head(type, name).Raw(value);

    /// <inheritdoc cref="Value(string, BsonType, ReadOnlySpan{byte})"/>
    public BsonWriter Value(BsonType type, ReadOnlySpan<byte> value) => Item(type).Raw(value);

    public BsonWriter Strings(string name, IEnumerable<string> values)
    {
        BeginArray(name);
        foreach (var value in values)
            String(value);
        return End();
    }

    /// <summary>Fields of another document, behind those of this one.</summary>
    public BsonWriter Fields(BsonDocument value) => Raw(value.Bytes[4..^1]);

    private BsonWriter Open(bool isArray)
    {
        if (_depth == MaxDepth)
            throw new InvalidOperationException($"Documents nest at most {MaxDepth} deep.");
        _levels[_depth++] = new Level { Start = _length, IsArray = isArray };
        Take(4);
        return this;
    }

    private BsonWriter Close()
    {
        Take(1)[0] = 0;
        var start = _levels[--_depth].Start;
        BinaryPrimitives.WriteInt32LittleEndian(_buffer.AsSpan(start), _length - start);
        return this;
    }

    private BsonWriter Head(BsonType type, ReadOnlySpan<char> name)
    {
        if (_levels[_depth - 1].IsArray)
            throw new InvalidOperationException("The items of an array have no names.");
        return Element(type, name);
    }

    private BsonWriter Item(BsonType type)
    {
        ref var level = ref _levels[_depth - 1];
        if (!level.IsArray)
            throw new InvalidOperationException("The fields of a document have names.");
        Span<char> digits = stackalloc char[11];
        level.Items++.TryFormat(digits, out var length, default, CultureInfo.InvariantCulture);
        return Element(type, digits[..length]);
    }

    private BsonWriter Element(BsonType type, ReadOnlySpan<char> name)
    {
        if (name.Contains('\0'))
            throw new ArgumentException("A name can't hold the character NUL.", nameof(name));
        var most = Utf8.GetMaxByteCount(name.Length);
        var span = Take(2 + most);
        span[0] = (byte)type;
        var length = Utf8.GetBytes(name, span[1..]);
        span[1 + length] = 0;
        _length -= most - length;
        return this;
    }

    private BsonWriter Text(ReadOnlySpan<char> value)
    {
        var length = Utf8.GetByteCount(value);
        var span = Take(5 + length);
        BinaryPrimitives.WriteInt32LittleEndian(span, length + 1);
        Utf8.GetBytes(value, span[4..]);
        span[^1] = 0;
        return this;
    }

    private BsonWriter Number(int value)
    {
        BinaryPrimitives.WriteInt32LittleEndian(Take(4), value);
        return this;
    }

    private BsonWriter Number(long value)
    {
        BinaryPrimitives.WriteInt64LittleEndian(Take(8), value);
        return this;
    }

    private BsonWriter Binary(ReadOnlySpan<byte> value)
    {
        BinaryPrimitives.WriteInt32LittleEndian(Take(4), value.Length);
        // Subtype 0, generic.
        Take(1)[0] = 0;
        return Raw(value);
    }

    private BsonWriter Raw(ReadOnlySpan<byte> value)
    {
        value.CopyTo(Take(value.Length));
        return this;
    }

    private Span<byte> Take(int count)
    {
        if (_buffer.Length - _length < count)
            Array.Resize(ref _buffer, Math.Max(checked(_length + count), 2 * _buffer.Length));
        var span = _buffer.AsSpan(_length, count);
        _length += count;
        return span;
    }

    private struct Level
    {
        public int Start;
        public int Items;
        public bool IsArray;
    }
}
