using System.Buffers.Binary;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Xmpp.Storage.Mongo;
using Xunit;

namespace Xmpp.Storage.Tests.Mongo;

public sealed class BsonTests
{
    private static readonly Config Quietly = Config.QuickThrowOnFailure.WithMaxTest(1_000).WithQuietOnSuccess(true);

    private static readonly Gen<string> Texts = Gen.OneOf(
            Gen.Elements("", "\0", "é", "日本", "\U0001F600", "$set", "a.b"),
            Gen.Choose(' ', '~').Select(c => $"{(char)c}"))
        .ArrayOf().Select(string.Concat);

    private static readonly Gen<string> Names = Texts.Select(text => text.Replace("\0", "", StringComparison.Ordinal));

    private static readonly Gen<object?> Scalars = Gen.OneOf(
        Gen.Constant<object?>(null),
        Texts.Select(text => (object?)text),
        Gen.Elements(int.MinValue, -1, 0, 1, int.MaxValue).Select(number => (object?)number),
        Gen.Elements(long.MinValue, -1, 1L << 40, long.MaxValue).Select(number => (object?)number),
        Gen.Elements(0.5, double.NaN, double.NegativeInfinity).Select(number => (object?)number),
        Gen.Elements(true, false).Select(flag => (object?)flag),
        Gen.Elements(DateTimeOffset.MinValue, DateTimeOffset.UnixEpoch, new(9999, 12, 31, 23, 59, 59, 999, TimeSpan.Zero))
            .Select(time => (object?)time),
        Gen.Choose(0, 255).Select(b => (byte)b).ArrayOf().Select(bytes => (object?)bytes));

    private static readonly Arbitrary<(string Name, object? Value)[]> Documents = Gen.Sized(FieldsOfSize).ToArbitrary();

    [Fact]
    public void What_was_written_reads_back() => Prop
        .ForAll(Documents, fields => Assert.Equal(Describe(fields), Describe(Read(Write(fields).Read()))))
        .Check(Quietly);

    [Fact]
    public void Bytes_that_are_no_bson_are_refused_and_nothing_else_happens() => Prop
        .ForAll(
            (from fields in Documents.Generator
             from cut in Gen.Choose(0, 1000)
             from changes in (from at in Gen.Choose(4, 1000) from to in Gen.Choose(0, 255) select (at, to)).ArrayOf()
             select Spoil(Write(fields).Bytes.ToArray(), cut, changes)).ToArbitrary(),
            bytes => ReadsOrIsRefused(bytes))
        .Check(Quietly.WithMaxTest(5_000));

    [Fact]
    public void Every_prefix_of_a_document_is_refused()
    {
        var inner = new (string, object?)[] { ("d", 1), ("e", null) };
        var bytes = Write([("a", "text"), ("b", new byte[] { 1 }), ("c", inner)]).Bytes.ToArray();

        for (var length = 0; length < bytes.Length; length++)
        {
            var prefix = bytes[..length];
            Assert.Throws<BsonException>(() => Read(new BsonReader(prefix)));
            // The same when the frame agrees.
            if (length < 5)
                continue;
            BinaryPrimitives.WriteInt32LittleEndian(prefix, length);
            prefix[^1] = 0;
            ReadsOrIsRefused(prefix);
        }
    }

    [Theory]
    [InlineData("FFFFFFFF", BsonType.String)]
    [InlineData("00000000", BsonType.String)]
    [InlineData("FFFFFF7F", BsonType.String)]
    [InlineData("0200000041410000", BsonType.String)]
    [InlineData("FFFFFFFF00", BsonType.Binary)]
    [InlineData("FFFFFF7F00", BsonType.Binary)]
    [InlineData("04000000", BsonType.Document)]
    [InlineData("FFFFFF7F00", BsonType.Document)]
    [InlineData("0500000001", BsonType.Array)]
    [InlineData("FFFFFFFF", BsonType.DbPointer)]
    [InlineData("610062", BsonType.Regex)]
    [InlineData("0000", (BsonType)0x14)]
    [InlineData("000000", BsonType.Int32)]
    public void A_value_that_is_no_such_value_is_refused(string hex, object type)
    {
        byte[] bytes = [0, 0, 0, 0, (byte)(BsonType)type, (byte)'a', 0, .. Convert.FromHexString(hex), 0];
        bytes[0] = (byte)bytes.Length;

        Assert.Throws<BsonException>(() => Read(new BsonReader(bytes)));
    }

    [Fact]
    public void Text_that_is_not_utf8_is_refused()
    {
        byte[] bytes = [14, 0, 0, 0, 2, (byte)'a', 0, 2, 0, 0, 0, 0xFF, 0, 0];

        Assert.Throws<BsonException>(() => new BsonReader(bytes).Get("a"u8).String);
        Assert.Throws<EncoderFallbackException>(() => BsonDocument.Build(writer => writer.String("a", "\uD800")));
    }

    [Fact]
    public void Documents_nest_100_deep_and_no_deeper()
    {
        Assert.Throws<InvalidOperationException>(() => Nested(BsonWriter.MaxDepth));
        Assert.Equal(BsonWriter.MaxDepth, Depth(Nested(BsonWriter.MaxDepth - 1).Read()));
        var deeper = BsonDocument.Build(writer => writer.Document("a", Nested(BsonWriter.MaxDepth - 1)));
        Assert.Throws<BsonException>(() => Depth(deeper.Read()));
    }

    [Fact]
    public void An_element_is_found_wherever_it_stands()
    {
        var document = BsonDocument.Build(writer => writer.Int32("a", 1).Null("b").String("c", "x"));
        var reader = document.Read();

        Assert.Equal("x", reader.Get("c"u8).String);
        Assert.Equal(1, reader.Get("a"u8).Int64);
        Assert.True(reader.Find("b"u8));
        Assert.False(reader.Has("b"u8));
        Assert.False(reader.Find("d"u8));
        Assert.Throws<BsonException>(() => document.Read().Get("d"u8));
        Assert.Throws<BsonException>(() => document.Read().Get("c"u8).Int64);
    }

    [Fact]
    public void A_whole_number_is_one_whatever_its_type()
    {
        var document = BsonDocument.Build(
            writer => writer.Int32("a", 7).Int64("b", 7).Double("c", 7).Double("d", 7.5).Int64("e", 1L << 40));

        foreach (var name in new[] { "a", "b", "c" })
            Assert.Equal(7, document.Read().Get(Encoding.UTF8.GetBytes(name)).Int32);
        Assert.Throws<BsonException>(() => document.Read().Get("d"u8).Int64);
        Assert.Throws<BsonException>(() => document.Read().Get("e"u8).Int32);
    }

    [Fact]
    public void What_is_opened_is_closed_and_named_as_it_must_be()
    {
        Assert.Throws<InvalidOperationException>(() => BsonDocument.Build(writer => writer.Begin("a")));
        Assert.Throws<InvalidOperationException>(() => BsonDocument.Build(writer => writer.End()));
        Assert.Throws<InvalidOperationException>(() => BsonDocument.Build(writer => writer.Int32(1)));
        Assert.Throws<InvalidOperationException>(() => BsonDocument.Build(writer => writer.BeginArray("a").Int32("b", 1)));
        Assert.Throws<ArgumentException>(() => BsonDocument.Build(writer => writer.Int32("a\0b", 1)));
        // A writer that was left in the middle of something is not used again.
        Assert.Equal(12, BsonDocument.Build(writer => writer.Int32("a", 1)).Length);
    }

    private static Gen<(string, object?)[]> FieldsOfSize(int size) =>
        (from name in Names from value in ValueOfSize(size / 4) select (name, value)).ArrayOf().Resize(Math.Min(size, 8));

    private static Gen<object?> ValueOfSize(int size) => size == 0
        ? Scalars
        : Gen.Frequency(
            (4, Scalars),
            (1, FieldsOfSize(size).Select(fields => (object?)fields)),
            (1, ValueOfSize(size / 4).ArrayOf().Resize(4).Select(items => (object?)items)));

    private static BsonDocument Write((string Name, object? Value)[] fields) => BsonDocument.Build(writer => WriteFields(writer, fields));

    private static void WriteFields(BsonWriter writer, (string Name, object? Value)[] fields)
    {
        foreach (var (name, value) in fields)
        {
            _ = value switch
            {
                null => writer.Null(name),
                string text => writer.String(name, text),
                int number => writer.Int32(name, number),
                long number => writer.Int64(name, number),
                double number => writer.Double(name, number),
                bool flag => writer.Bool(name, flag),
                DateTimeOffset time => writer.Date(name, time),
                byte[] bytes => writer.Bytes(name, bytes),
                (string, object?)[] document => writer.Document(name, Write(document)),
                object?[] items => WriteItems(writer.BeginArray(name), items).End(),
                _ => throw new NotSupportedException(value.GetType().Name),
            };
        }
    }

    private static BsonWriter WriteItems(BsonWriter writer, object?[] items)
    {
        foreach (var item in items)
        {
            // What only documents have a method for comes from one.
            var single = Write([("", item)]).Read();
            single.Next();
            writer.Value(single.Type, single.RawValue);
        }

        return writer;
    }

    private static (string Name, object? Value)[] Read(BsonReader reader)
    {
        var fields = new List<(string, object?)>();
        while (reader.Next())
        {
            fields.Add((Encoding.UTF8.GetString(reader.Name), reader.Type switch
            {
                BsonType.String => reader.String,
                BsonType.Int32 => reader.Int32,
                BsonType.Int64 => reader.Int64,
                BsonType.Double => reader.Double,
                BsonType.Boolean => reader.Bool,
                BsonType.DateTime => reader.Date,
                BsonType.Binary => reader.Binary.ToArray(),
                BsonType.Document => Read(reader.Document),
                BsonType.Array => Read(reader.Array).Select(item => item.Value).ToArray(),
                _ => null,
            }));
        }

        return [.. fields];
    }

    private static string Describe(object? value) => value switch
    {
        null => "null",
        string text => $"'{text}'",
        byte[] bytes => Convert.ToHexString(bytes),
        DateTimeOffset time => $"{time.ToUnixTimeMilliseconds()} ms",
        (string Name, object? Value)[] fields => $"{{{string.Join(',', fields.Select(field => $"{field.Name}:{Describe(field.Value)}"))}}}",
        object?[] items => $"[{string.Join(',', items.Select(Describe))}]",
        _ => $"{value.GetType().Name} {value}",
    };

    private static byte[] Spoil(byte[] bytes, int cut, (int At, int To)[] changes)
    {
        if (cut >= 5 && cut < bytes.Length)
        {
            bytes = bytes[..cut];
            bytes[^1] = 0;
        }

        foreach (var (at, to) in changes.Where(change => change.At < bytes.Length))
            bytes[at] = (byte)to;
        BinaryPrimitives.WriteInt32LittleEndian(bytes, bytes.Length);
        return bytes;
    }

    private static void ReadsOrIsRefused(byte[] bytes)
    {
        try
        {
            Read(new BsonReader(bytes));
        }
        catch (BsonException)
        {
        }
    }

    private static BsonDocument Nested(int levels) => BsonDocument.Build(writer =>
    {
        for (var i = 0; i < levels; i++)
            writer.Begin("a");
        for (var i = 0; i < levels; i++)
            writer.End();
    });

    private static int Depth(BsonReader document) => document.Find("a"u8) ? 1 + Depth(document.Document) : 1;
}
