namespace Xmpp.Storage.Mongo;

/// <summary>A document, as its bytes. The default value is the empty document.</summary>
internal readonly struct BsonDocument
{
    private static ReadOnlySpan<byte> Empty => [5, 0, 0, 0, 0];

    private readonly byte[]? _bytes;

    /// <param name="bytes">A whole document, which nobody changes any more.</param>
    internal BsonDocument(byte[] bytes) => _bytes = bytes;

    public ReadOnlySpan<byte> Bytes => _bytes ?? Empty;

    public int Length => Bytes.Length;

    public bool IsEmpty => _bytes is null;

    public BsonReader Read() => new(Bytes);

    /// <summary>Makes a document of what the function writes.</summary>
    public static BsonDocument Build(Action<BsonWriter> write)
    {
        var writer = BsonWriter.Rent();
        write(writer);
        return writer.ToDocument();
    }

    /// <summary>The same without a closure.</summary>
    public static BsonDocument Build<T>(T state, Action<BsonWriter, T> write)
    {
        var writer = BsonWriter.Rent();
        write(writer, state);
        return writer.ToDocument();
    }

    /// <summary>Takes a copy of a document that came from elsewhere.</summary>
    /// <exception cref="BsonException">Its frame is none of a document.</exception>
    public static BsonDocument Copy(ReadOnlySpan<byte> document) => new(new BsonReader(document).Bytes.ToArray());
}
