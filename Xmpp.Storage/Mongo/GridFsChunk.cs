using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;

namespace Xmpp.Storage.Mongo;

/// <summary>A chunk on its way into the database: the document has its size from the beginning, and content is read into it.</summary>
internal sealed class GridFsChunk
{
    private readonly byte[] _document;
    private readonly Memory<byte> _content;

    /// <param name="file">The file's <c>_id</c>.</param>
    /// <param name="number">From 0.</param>
    /// <param name="length">Of the content, in bytes.</param>
    public GridFsChunk(AccountId id, AccountId file, int number, int length)
    {
        var empty = BsonDocument.Build((id, file, number), static (w, chunk) =>
            w.Account("_id", chunk.id).Account("files_id", chunk.file).Int32("n", chunk.number).Bytes("data", default));
        _document = new byte[empty.Length + length];
        // All but the zero that ends it. Before that stand the length of the content, 4 bytes, and its subtype.
        var start = empty.Length - 1;
        empty.Bytes[..start].CopyTo(_document);
        BinaryPrimitives.WriteInt32LittleEndian(_document, _document.Length);
        BinaryPrimitives.WriteInt32LittleEndian(_document.AsSpan(start - 5), length);
        _content = _document.AsMemory(start, length);
    }

    /// <summary>Once it is filled.</summary>
    public BsonDocument Document => new(_document);

    /// <exception cref="EndOfStreamException">There is less content.</exception>
    public async ValueTask FillAsync(PipeReader content, CancellationToken cancellationToken)
    {
        for (var rest = _content; rest.Length > 0;)
        {
            var read = await content.ReadAsync(cancellationToken);
            var part = read.Buffer.Slice(0, Math.Min(read.Buffer.Length, rest.Length));
            part.CopyTo(rest.Span);
            rest = rest[(int)part.Length..];
            var isShort = read.IsCompleted && rest.Length > 0;
            content.AdvanceTo(part.End);
            if (isShort)
                throw new EndOfStreamException($"The content ends {rest.Length} bytes before the end of a chunk.");
        }
    }
}
