using System.IO.Pipelines;
using Xmpp.Core.Storage;
using Xmpp.Storage.Mongo;
using Xunit;

namespace Xmpp.Storage.Tests.Mongo;

public sealed class MongoFilesContractTests : FileStoreContract
{
    private readonly MongoDatabase _database = new();
    private readonly List<IStore> _opened = [];

    public override async ValueTask DisposeAsync()
    {
        foreach (var store in _opened)
            await store.DisposeAsync();
        await _database.DisposeAsync();
    }

    protected override async ValueTask<IFileStore> OpenAsync()
    {
        var store = await _database.OpenAsync();
        _opened.Add(store);
        return store.Files!;
    }

    protected override async ValueTask<long> CountPartsAsync()
    {
        await using var connection = _database.Connect();
        var collections = new MongoCollections(connection);
        return await collections.Files.CountAsync(default) + await collections.FileChunks.CountAsync(default);
    }
}

/// <summary>GridFS: what comes of failures, kills and other processes.</summary>
public sealed class MongoFilesTests : MongoTest
{
    private const string Id = "0123456789abcdef0123456789abcdef";
    private const int Size = MongoFiles.ChunkSize;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_file_is_laid_out_as_the_specification_says()
    {
        Assert.True(await AddAsync(Id, 2 * Size + 5));

        var key = await Collections.Files.FindOneAsync(default, static file =>
        {
            Assert.Equal(
                (2 * Size + 5L, Size, Id), (file.Get("length"u8).Int64, file.Get("chunkSize"u8).Int32, file.Get("filename"u8).String));
            Assert.Equal(BsonType.DateTime, file.Get("uploadDate"u8).Type);
            return AccountIds.ReadId(file);
        }, null, Cancellation);
        var chunks = await Collections.FileChunks.FindAsync(
            default,
            static chunk => (AccountId.Of(chunk.Get("files_id"u8).ObjectId), chunk.Get("n"u8).Int32, chunk.Get("data"u8).Binary.Length),
            new() { Sort = BsonDocument.Build(w => w.Int32("n", 1)) }, Cancellation);
        Assert.Equal([(key, 0, Size), (key, 1, Size), (key, 2, 5)], chunks);
    }

    [Fact]
    public async Task A_part_is_read_from_its_chunks_alone()
    {
        await AddAsync(Id, 3 * Size);
        await Collections.FileChunks.DeleteAsync(BsonDocument.Build(w => w.Begin("n").Int32("$ne", 1).End()), many: true, Cancellation);
        await using var stream = (await Store.Files.FindAsync(Id, Cancellation))!.OpenRead();
        stream.Position = Size + 10;

        await stream.ReadExactlyAsync(new byte[Size - 10], Cancellation);

        await Assert.ThrowsAsync<FileNotFoundException>(async () => await stream.ReadExactlyAsync(new byte[1], Cancellation));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_is_being_sent_breaks_off_when_it_is_removed_or_the_database_fails(bool isRemoved)
    {
        await AddAsync(Id, 3 * Size);
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 1, resumeWriterThreshold: 1));
        var file = (await Store.Files.FindAsync(Id, Cancellation))!;
        var sending = file.SendAsync(new FakeExchange(pipe.Writer.AsStream()), 0, 3 * Size, Cancellation);
        var first = await pipe.Reader.ReadAtLeastAsync(Size, Cancellation);

        if (isRemoved)
            await Store.Files.RemoveAsync(Id, Cancellation);
        else
            await FailAsync("find");
        pipe.Reader.AdvanceTo(first.Buffer.End);

        await Assert.ThrowsAsync<StoreException>(() => sending);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task A_failure_leaves_nothing(int chunks)
    {
        await FailAsync("insert");

        await Assert.ThrowsAsync<StoreException>(async () => await AddAsync(Id, chunks * Size));

        Assert.Equal((0, 0), await CountAsync());
        Assert.True(await AddAsync(Id, chunks * Size));
    }

    [Fact]
    public async Task A_file_whose_document_could_not_be_written_is_not_there()
    {
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
        var adding = Store.Files.AddAsync(Id, "{}"u8.ToArray(), Size, pipe.Reader, Cancellation).AsTask();
        await pipe.Writer.WriteAsync(new byte[Size], Cancellation);
        await ChunkIsThereAsync();
        await FailAsync("insert");

        await pipe.Writer.CompleteAsync();

        await Assert.ThrowsAsync<StoreException>(() => adding);
        Assert.Equal((0, 0), await CountAsync());
    }

    [Fact]
    public async Task What_can_not_be_removed_now_is_swept_away()
    {
        await AddAsync(Id, 2 * Size);
        await FailAsync("delete");

        // The document goes first.
        Assert.True(await Store.Files.RemoveAsync(Id, Cancellation));

        Assert.Equal((0, 2), await CountAsync());
        await Store.Files.SweepAsync(Cancellation);
        Assert.Equal((0, 2), await CountAsync());
        Time.Ahead = MongoFiles.Abandoned + TimeSpan.FromSeconds(2);
        await Store.Files.SweepAsync(Cancellation);
        Assert.Equal((0, 0), await CountAsync());
    }

    [Fact]
    public async Task Others_that_sweep_leave_alone_what_is_whole_and_what_is_coming()
    {
        await AddAsync("abcdefabcdefabcdefabcdefabcdefab", 2 * Size);
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
        var adding = Store.Files.AddAsync(Id, "{}"u8.ToArray(), 4 * Size, pipe.Reader, Cancellation).AsTask();
        // It takes as long as it may.
        for (var count = 1; count <= 4; count++)
        {
            await pipe.Writer.WriteAsync(new byte[Size], Cancellation);
            await ChunkIsThereAsync(2 + count);
            await SweepElsewhereAsync();
            Time.Ahead += MongoFiles.Patience - TimeSpan.FromMinutes(1);
        }

        await pipe.Writer.CompleteAsync();

        Assert.True(await adding);
        await SweepElsewhereAsync();
        Assert.Equal((2, 6), await CountAsync());
    }

    [Fact]
    public async Task What_comes_so_slowly_that_others_may_have_swept_it_away_is_given_up()
    {
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
        var adding = Store.Files.AddAsync(Id, "{}"u8.ToArray(), 2 * Size, pipe.Reader, Cancellation).AsTask();
        await pipe.Writer.WriteAsync(new byte[Size], Cancellation);
        await ChunkIsThereAsync();

        Time.Ahead = MongoFiles.Patience + TimeSpan.FromSeconds(1);
        await pipe.Writer.WriteAsync(new byte[Size], Cancellation);

        await Assert.ThrowsAsync<StoreException>(() => adding);
        Assert.Equal((0, 0), await CountAsync());
    }

    [Fact]
    public async Task Of_two_processes_that_receive_the_same_one_has_it()
    {
        await using var other = await Database.OpenAsync();
        var pipes = Enumerable.Range(0, 2).Select(_ => new Pipe(new PipeOptions(pauseWriterThreshold: 0))).ToList();
        var adding = pipes.Zip((IFileStore[])[Store.Files, other.Files!]).Select(pair =>
            pair.Second.AddAsync(Id, "{}"u8.ToArray(), Size + 1, pair.First.Reader, Cancellation).AsTask()).ToList();
        foreach (var pipe in pipes)
            await pipe.Writer.WriteAsync(new byte[Size + 1], Cancellation);
        await ChunkIsThereAsync(4);

        foreach (var pipe in pipes)
            await pipe.Writer.CompleteAsync();

        Assert.Equal([false, true], (await Task.WhenAll(adding)).Order());
        Assert.Equal((1, 2), await CountAsync());
    }

    [Fact]
    public async Task A_file_is_settled_once_whoever_has_received_it_has_had_the_time()
    {
        await AddAsync(Id, 1);

        Assert.False((await Store.Files.FindAsync(Id, Cancellation))!.IsSettled);
        Time.Ahead = MongoFiles.Abandoned + TimeSpan.FromSeconds(1);
        Assert.True((await Store.Files.FindAsync(Id, Cancellation))!.IsSettled);
    }

    [Fact]
    public async Task Files_of_other_programs_have_no_note()
    {
        await Collections.Files.InsertAsync(BsonDocument.Build(w => w
            .ObjectId("_id", new byte[12]).Int64("length", 0).Int32("chunkSize", 1024).Date("uploadDate", Created)), Cancellation);

        var found = await Store.Files.FindAsync("", Cancellation);
        Assert.Null(found);
        var listed = new List<IStoredFile>();
        await foreach (var file in Store.Files.ListAsync(Cancellation))
            listed.Add(file);
        Assert.Equal(("", 0), (Assert.Single(listed).Id, listed[0].Note.Length));
    }

    private async Task<bool> AddAsync(string id, int length) => await Store.Files.AddAsync(
        id, "{}"u8.ToArray(), length, PipeReader.Create(new MemoryStream(new byte[length])), Cancellation);

    private async Task<(long Files, long Chunks)> CountAsync() =>
        (await Collections.Files.CountAsync(default), await Collections.FileChunks.CountAsync(default));

    private async Task ChunkIsThereAsync(int count = 1)
    {
        while (await Collections.FileChunks.CountAsync(default, null, Cancellation) < count)
        {
            // It is on its way.
        }
    }

    /// <summary>As another process does with the same clock.</summary>
    private async Task SweepElsewhereAsync()
    {
        await using var other = await MongoStore.OpenAsync(Database.Options, Time, Cancellation);
        await other.Files.SweepAsync(Cancellation);
    }
}
