using System.Buffers.Binary;
using System.Text;

namespace Xmpp.Storage.Mongo;

/// <summary>Makes something of a document. The reader's bytes are gone afterwards.</summary>
internal delegate T BsonRead<out T>(BsonReader document);

/// <summary>
/// Walks the elements of one document in place. <see cref="Next"/> goes to the next element, <see cref="Find"/> to one by name; the
/// properties then give its value. Whatever the bytes are, the worst that happens is a <see cref="BsonException"/>.
/// </summary>
internal ref struct BsonReader
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private static readonly long FirstMillisecond = DateTimeOffset.MinValue.ToUnixTimeMilliseconds();
    private static readonly long LastMillisecond = DateTimeOffset.MaxValue.ToUnixTimeMilliseconds();

    private readonly int _depth;
    private int _next = 4;

    /// <exception cref="BsonException">The frame is none of a document.</exception>
    public BsonReader(ReadOnlySpan<byte> document)
        : this(document, 1)
    {
    }

    private BsonReader(ReadOnlySpan<byte> document, int depth)
    {
        if (depth > BsonWriter.MaxDepth)
            throw new BsonException($"Documents nest more than {BsonWriter.MaxDepth} deep.");
        if (document.Length < 5 || BinaryPrimitives.ReadInt32LittleEndian(document) != document.Length || document[^1] != 0)
            throw new BsonException("A document is cut off or has a wrong length.");
        Bytes = document;
        _depth = depth;
    }

    /// <summary>The whole document.</summary>
    public ReadOnlySpan<byte> Bytes { get; }

    /// <summary>The current element's name; an item of an array has its index.</summary>
    public ReadOnlySpan<byte> Name { get; private set; }

    public BsonType Type { get; private set; }

    /// <summary>The current element's value as it stands there.</summary>
    public ReadOnlySpan<byte> RawValue { get; private set; }

    public readonly bool IsNull => Type is BsonType.Null or BsonType.Undefined;

    public readonly string String
    {
        get
        {
            try
            {
                return Utf8.GetString(Utf8Bytes);
            }
            catch (DecoderFallbackException)
            {
                throw new BsonException($"\"{PrintableName}\" is not UTF-8.");
            }
        }
    }

    /// <summary>A string's bytes.</summary>
    public readonly ReadOnlySpan<byte> Utf8Bytes => Expect(BsonType.String)[4..^1];

    /// <summary>Any whole number, whatever its type: commands answer with each of them.</summary>
    public readonly long Int64 => Type switch
    {
        BsonType.Int32 => BinaryPrimitives.ReadInt32LittleEndian(RawValue),
        BsonType.Double when BinaryPrimitives.ReadDoubleLittleEndian(RawValue) is var number && number == Math.Truncate(number)
            && Math.Abs(number) < 1L << 53 => (long)number,
        _ => BinaryPrimitives.ReadInt64LittleEndian(Expect(BsonType.Int64)),
    };

    public readonly int Int32 => Int64 is >= int.MinValue and <= int.MaxValue and var number
        ? (int)number
        : throw new BsonException($"\"{PrintableName}\" is out of range.");

    public readonly double Double =>
        Type is BsonType.Double ? BinaryPrimitives.ReadDoubleLittleEndian(RawValue) : Int64;

    public readonly bool Bool => Expect(BsonType.Boolean)[0] != 0;

    public readonly DateTimeOffset Date
    {
        get
        {
            var milliseconds = BinaryPrimitives.ReadInt64LittleEndian(Expect(BsonType.DateTime));
            return milliseconds >= FirstMillisecond && milliseconds <= LastMillisecond
                ? DateTimeOffset.FromUnixTimeMilliseconds(milliseconds)
                : throw new BsonException($"\"{PrintableName}\" is out of range.");
        }
    }

    /// <summary>What a binary value holds, of whatever subtype.</summary>
    public readonly ReadOnlySpan<byte> Binary => Expect(BsonType.Binary)[5..];

    /// <summary>12 bytes.</summary>
    public readonly ReadOnlySpan<byte> ObjectId => Expect(BsonType.ObjectId);

    public readonly BsonReader Document => new(Expect(BsonType.Document), _depth + 1);

    public readonly BsonReader Array => new(Expect(BsonType.Array), _depth + 1);

    private readonly string PrintableName => Encoding.UTF8.GetString(Name[..Math.Min(Name.Length, 64)]);

    /// <summary>Goes to the next element.</summary>
    /// <returns>False behind the last one.</returns>
    public bool Next()
    {
        if (_next == Bytes.Length - 1)
            return false;
        Type = (BsonType)Bytes[_next];
        var rest = Bytes[(_next + 1)..^1];
        Name = rest[..End(rest)];
        rest = rest[(Name.Length + 1)..];
        RawValue = rest[..SizeOf(Type, rest)];
        _next += 2 + Name.Length + RawValue.Length;
        return true;
    }

    /// <summary>Goes to the element of this name, wherever in the document it is.</summary>
    /// <returns>False when there is none.</returns>
    public bool Find(ReadOnlySpan<byte> name)
    {
        _next = 4;
        while (Next())
        {
            if (Name.SequenceEqual(name))
                return true;
        }

        return false;
    }

    /// <summary>The same for an element that must be there.</summary>
    /// <exception cref="BsonException">It is not.</exception>
    public BsonReader Get(ReadOnlySpan<byte> name) =>
        Find(name) ? this : throw new BsonException($"The document has no \"{Encoding.UTF8.GetString(name)}\".");

    /// <summary>True when the document has it, and it is not null.</summary>
    public bool Has(ReadOnlySpan<byte> name) => Find(name) && !IsNull;

    private static int End(ReadOnlySpan<byte> text) =>
        text.IndexOf((byte)0) is >= 0 and var end ? end : throw new BsonException("A name is cut off.");

    // What a value may take is checked here, so that the properties can rely on it.
    private static int SizeOf(BsonType type, ReadOnlySpan<byte> rest)
    {
        var size = type switch
        {
            BsonType.Double or BsonType.DateTime or BsonType.Timestamp or BsonType.Int64 => 8,
            BsonType.Int32 => 4,
            BsonType.Boolean => 1,
            BsonType.ObjectId => 12,
            BsonType.Decimal128 => 16,
            BsonType.Null or BsonType.Undefined or BsonType.MinKey or BsonType.MaxKey => 0,
            BsonType.String or BsonType.JavaScript or BsonType.Symbol => 4L + Length(rest, 1),
            BsonType.Document or BsonType.Array or BsonType.JavaScriptWithScope => Length(rest, 5),
            BsonType.Binary => 5L + Length(rest, 0),
            BsonType.Regex => Pair(rest),
            BsonType.DbPointer => 16L + Length(rest, 1),
            _ => throw new BsonException($"There is no type {(byte)type}."),
        };
        if (size > rest.Length)
            throw new BsonException("A value is cut off.");
        if (type is BsonType.String && rest[(int)size - 1] != 0)
            throw new BsonException("A string does not end where it says.");
        return (int)size;
    }

    private static int Length(ReadOnlySpan<byte> rest, int least) =>
        rest.Length >= 4 && BinaryPrimitives.ReadInt32LittleEndian(rest) is var length && length >= least
            ? length
            : throw new BsonException("A value is cut off or has a wrong length.");

    private static int Pair(ReadOnlySpan<byte> rest)
    {
        var first = End(rest) + 1;
        return first + End(rest[first..]) + 1;
    }

    private readonly ReadOnlySpan<byte> Expect(BsonType type) => Type == type
        ? RawValue
        : throw new BsonException($"\"{PrintableName}\" is of type {Type} instead of {type}.");
}
