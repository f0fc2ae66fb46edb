using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;

namespace Xmpp.Storage.Mongo;

/// <summary>
/// Files as GridFS says (https://github.com/mongodb/specifications/blob/master/source/gridfs/gridfs-spec.md), in the collections
/// <c>upload.files</c> and <c>upload.chunks</c>: the id is the <c>filename</c>, the note in <c>metadata</c>.
/// </summary>
/// <remarks>
/// A file comes chunk by chunk, its document last, and goes the other way round: so whoever finds the document finds all of it. Chunks
/// without a document are a file's that is just coming, to whichever process, or left over: so they are when nothing has come for
/// <see cref="Abandoned"/>, which nobody who receives one lets happen.
/// </remarks>
internal sealed class MongoFiles(MongoCollection files, MongoCollection chunks, TimeProvider time) : IFileStore
{
    /// <summary>The specification's default, in bytes.</summary>
    public const int ChunkSize = 255 * 1024;

    /// <summary>
    /// Chunks on their way to or from the database at the same time. They are big, and others are to find room in its queue.
    /// </summary>
    private const int ChunksAtOnce = 8;

    private const int PageSize = 1000;

    // So many that the database answers in time.
    private const int ChunksRemovedAtOnce = 200;

    private static readonly BsonDocument ById = BsonDocument.Build(w => w.Int32("_id", 1));
    private static readonly BsonDocument ByFile = BsonDocument.Build(w => w.Int32("files_id", 1).Int32("n", 1));
    private static readonly FindOptions Names = new() { Projection = BsonDocument.Build(w => w.Int32("filename", 1)) };
    private static readonly FindOptions Page = new() { Sort = ById, Limit = PageSize };
    private static readonly FindOptions PageOfChunks = new()
    {
        Sort = ByFile,
        Projection = BsonDocument.Build(w => w.Int32("_id", 0).Int32("files_id", 1)),
        Limit = PageSize,
    };

    private static readonly FindOptions LastChunk = new()
    {
        Sort = BsonDocument.Build(w => w.Int32("files_id", -1).Int32("n", -1)),
        Projection = BsonDocument.Build(w => w.Int32("_id", 1).Int32("n", 1)),
        Limit = 1,
    };

    private static readonly FindOptions Data = new() { Projection = BsonDocument.Build(w => w.Int32("_id", 0).Int32("data", 1)), Limit = 1 };

    private readonly Channel<bool> _room = Channel.CreateBounded<bool>(ChunksAtOnce);

    /// <summary>Chunks of a file that nothing was added to for so long are left over.</summary>
    public static TimeSpan Abandoned { get; } = TimeSpan.FromHours(1);

    /// <summary>A chunk that takes longer to come is the end of its file. Clocks of processes may differ by as much.</summary>
    public static TimeSpan Patience { get; } = Abandoned / 2;

    public async ValueTask<IStoredFile?> FindAsync(string id, CancellationToken cancellationToken) =>
        await files.FindOneAsync(ByName(id), Read, null, cancellationToken);

    public async ValueTask<IReadOnlySet<string>> FindIdsAsync(IReadOnlyCollection<string> ids, CancellationToken cancellationToken)
    {
        var found = new HashSet<string>();
        foreach (var some in ids.Chunk(PageSize))
        {
            var filter = BsonDocument.Build(some, static (w, some) => w.Begin("filename").Strings("$in", some).End());
            found.UnionWith(await files.FindAsync(
                filter, static document => document.Get("filename"u8).String, Names, cancellationToken));
        }

        return found;
    }

    public async IAsyncEnumerable<IStoredFile> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (AccountId? last = null; await ReadPageAsync(last, cancellationToken) is { Count: > 0 } page; last = page[^1].Key)
        {
            foreach (var file in page)
                yield return file;
        }
    }

    public async ValueTask<bool> AddAsync(
        string id, ReadOnlyMemory<byte> note, long length, PipeReader content, CancellationToken cancellationToken)
    {
        if (await FindAsync(id, cancellationToken) is not null)
            return false;
        var key = NewId();
        var isThere = false;
        try
        {
            await AddChunksAsync(key, length, content, cancellationToken);
            return isThere = await files.InsertBatchedAsync(Write(key, id, note, length), CancellationToken.None);
        }
        finally
        {
            if (!isThere)
                await UndoAsync(key, length);
        }
    }

    public async ValueTask<bool> RemoveAsync(string id, CancellationToken cancellationToken)
    {
        var file = await files.FindAndUpdateAsync(ByName(id), default, Read, new() { Remove = true }, cancellationToken);
        if (file is null)
            return false;
        await TryEraseAsync(file.Key, ChunksOf(file.Length, file.ChunkSize));
        return true;
    }

    public async ValueTask SweepAsync(CancellationToken cancellationToken)
    {
        var before = new AccountId((uint)(time.GetUtcNow() - Abandoned).ToUnixTimeSeconds(), 0);
        for (AccountId? last = null; await ReadOwnersAsync(last, before, cancellationToken) is { Count: > 0 } page; last = page[^1])
        {
            var filter = BsonDocument.Build(page, static (w, page) =>
            {
                w.Begin("_id").BeginArray("$in");
                foreach (var key in page)
                    w.Account(key);
                w.End().End();
            });
            var whole = await files.FindAsync(
                filter, static document => AccountIds.ReadId(document), AccountIds.IdOnly, cancellationToken);
            foreach (var key in page.Except(whole))
                await SweepAsync(key, before, cancellationToken);
        }
    }

    private async ValueTask SweepAsync(AccountId key, AccountId before, CancellationToken cancellationToken)
    {
        var last = await chunks.FindOneAsync<(AccountId Id, int Number)?>(
            ChunksFrom(key, 0), static chunk => (AccountIds.ReadId(chunk), chunk.Get("n"u8).Int32), LastChunk, cancellationToken);
        if (last is { } chunk && chunk.Id.Seconds < before.Seconds)
            await EraseAsync(key, chunk.Number + 1, cancellationToken);
    }

    private async ValueTask AddChunksAsync(AccountId key, long length, PipeReader content, CancellationToken cancellationToken)
    {
        // While one is on its way the next one comes.
        var adding = Task.CompletedTask;
        var added = time.GetTimestamp();
        try
        {
            for (var (number, rest) = (0, length); rest > 0; number++)
            {
                var size = (int)Math.Min(rest, ChunkSize);
                rest -= size;
                var chunk = new GridFsChunk(NewId(), key, number, size);
                await chunk.FillAsync(content, cancellationToken);
                await adding;
                if (time.GetElapsedTime(added) > Patience)
                {
                    throw new StoreException(
                        StanzaErrorCondition.ResourceConstraint, "A file came so slowly that what had come may have been swept away.");
                }

                added = time.GetTimestamp();
                adding = AddChunkAsync(chunk);
            }

            var end = await content.ReadAsync(cancellationToken);
            var isLonger = !end.Buffer.IsEmpty;
            content.AdvanceTo(end.Buffer.End);
            if (isLonger)
                throw new EndOfStreamException($"More than {length} bytes came.");
        }
        finally
        {
            // Whatever happened, nothing comes afterwards.
            await adding;
        }
    }

    private async Task AddChunkAsync(GridFsChunk chunk)
    {
        await _room.Writer.WriteAsync(true);
        try
        {
            await chunks.InsertAsync(chunk.Document);
        }
        finally
        {
            _room.Reader.TryRead(out _);
        }
    }

    /// <summary>What failed may have been done all the same.</summary>
    private async ValueTask UndoAsync(AccountId key, long length)
    {
        try
        {
            await files.DeleteAsync(AccountDocuments.ById(key));
        }
        catch (StoreException)
        {
            // If it is there after all, whoever looks after the files finds it with nobody who has it.
            return;
        }

        await TryEraseAsync(key, ChunksOf(length, ChunkSize));
    }

    /// <summary>Removes the chunks of a file; what can't be removed now is swept away.</summary>
    private async ValueTask TryEraseAsync(AccountId key, int count)
    {
        try
        {
            await EraseAsync(key, count, CancellationToken.None);
        }
        catch (StoreException)
        {
            // The connection has reported the outage.
        }
    }

    /// <summary>From the last one on: by the first one the rest is found, should it end half way.</summary>
    private async ValueTask EraseAsync(AccountId key, int count, CancellationToken cancellationToken)
    {
        for (var from = count; from > 0;)
        {
            from = Math.Max(0, from - ChunksRemovedAtOnce);
            await chunks.DeleteAsync(ChunksFrom(key, from), many: true, cancellationToken);
        }
    }

    private ValueTask<List<GridFsFile>> ReadPageAsync(AccountId? after, CancellationToken cancellationToken)
    {
        var filter = after is { } last ? BsonDocument.Build(last, static (w, last) => w.Begin("_id").Account("$gt", last).End()) : default;
        return files.FindAsync(filter, Read, Page, cancellationToken);
    }

    /// <summary>The files that chunks belong to, whether there are such files or not.</summary>
    /// <param name="before">Those that were begun before.</param>
    private ValueTask<List<AccountId>> ReadOwnersAsync(AccountId? after, AccountId before, CancellationToken cancellationToken)
    {
        var filter = BsonDocument.Build((after, before), static (w, range) =>
        {
            w.Begin("files_id").Account("$lt", range.before);
            if (range.after is { } after)
                w.Account("$gt", after);
            w.End().Int32("n", 0);
        });
        return chunks.FindAsync(filter, static chunk => AccountId.Of(chunk.Get("files_id"u8).ObjectId), PageOfChunks, cancellationToken);
    }

    private async ValueTask<int> ReadChunkAsync(AccountId key, int number, Memory<byte> into, CancellationToken cancellationToken)
    {
        await _room.Writer.WriteAsync(true, cancellationToken);
        try
        {
            var filter = BsonDocument.Build((key, number), static (w, chunk) => w.Account("files_id", chunk.key).Int32("n", chunk.number));
            // Of the length one knows that there was a chunk.
            var length = await chunks.FindOneAsync<int?>(filter, chunk =>
            {
                var data = chunk.Get("data"u8).Binary;
                data.CopyTo(into.Span);
                return data.Length;
            }, Data, cancellationToken);
            return length ?? throw new FileNotFoundException("A file was removed while it was read.");
        }
        finally
        {
            _room.Reader.TryRead(out _);
        }
    }

    private bool IsOver(DateTimeOffset at) => time.GetUtcNow() - at > Abandoned;

    private AccountId NewId() => AccountId.New(time.GetUtcNow());

    private static int ChunksOf(long length, int chunkSize) => (int)((length + chunkSize - 1) / chunkSize);

    private static BsonDocument ByName(string id) => BsonDocument.Build(id, static (w, id) => w.String("filename", id));

    private static BsonDocument ChunksFrom(AccountId key, int number) => BsonDocument.Build((key, number), static (w, first) =>
        w.Account("files_id", first.key).Begin("n").Int32("$gte", first.number).End());

    private BsonDocument Write(AccountId key, string id, ReadOnlyMemory<byte> note, long length) =>
        BsonDocument.Build((key, id, note, length, at: time.GetUtcNow()), static (w, file) => w
            .Account("_id", file.key).Int64("length", file.length).Int32("chunkSize", ChunkSize).Date("uploadDate", file.at)
            .String("filename", file.id).Begin("metadata").Utf8String("note", file.note.Span).End());

    /// <summary>Other programs may put files there that have no note, or no name.</summary>
    private GridFsFile Read(BsonReader document)
    {
        var file = new GridFsFile(
            this, AccountIds.ReadId(document), document.Has("filename"u8) ? document.String : "", document.Get("length"u8).Int64,
            document.Get("chunkSize"u8).Int32, document.Get("uploadDate"u8).Date);
        if (document.Has("metadata"u8) && document.Type is BsonType.Document && document.Document is var metadata && metadata.Has("note"u8))
            file.Note = metadata.Utf8Bytes.ToArray();
        return file;
    }

    private sealed class GridFsFile(MongoFiles store, AccountId key, string id, long length, int chunkSize, DateTimeOffset at) : IStoredFile
    {
        public AccountId Key => key;

        public string Id => id;

        public long Length => length;

        public int ChunkSize => chunkSize;

        public ReadOnlyMemory<byte> Note { get; set; }

        public bool IsSettled => store.IsOver(at);

        public Stream OpenRead() => Open();

        public async Task SendAsync(IHttpExchange to, long offset, long length, CancellationToken cancellationToken)
        {
            await using var content = Open();
            content.Position = offset;
            for (var rest = length; rest > 0;)
            {
                ReadOnlyMemory<byte> part;
                try
                {
                    part = await content.ReadPartAsync(rest, cancellationToken);
                }
                catch (FileNotFoundException) when (rest < length)
                {
                    throw new StoreException(StanzaErrorCondition.ResourceConstraint, "A file was removed while it was sent.");
                }

                await to.Response.WriteAsync(part, cancellationToken);
                rest -= part.Length;
            }
        }

        private GridFsStream Open() => new(
            (number, into, cancellationToken) => store.ReadChunkAsync(key, number, into, cancellationToken), length, chunkSize);
    }
}
