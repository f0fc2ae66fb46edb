using System.IO.Pipelines;
using System.Text;
using Xmpp.Core.Storage;
using Xunit;

namespace Xmpp.Storage.Tests;

/// <summary>What <see cref="IFileStore"/> promises, wherever the files are.</summary>
public abstract class FileStoreContract : IAsyncLifetime
{
    /// <summary>Of GridFS: where it has other code for more than one chunk.</summary>
    private const int Chunk = 255 * 1024;

    protected static readonly string Id = NewId();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private IFileStore Files { get; set; } = null!;

    public async ValueTask InitializeAsync() => Files = await OpenAsync();

    public abstract ValueTask DisposeAsync();

    /// <summary>An empty one at first, and then the same one.</summary>
    protected abstract ValueTask<IFileStore> OpenAsync();

    /// <summary>How many files, or parts of files, there are in it, whoever finds them.</summary>
    protected abstract ValueTask<long> CountPartsAsync();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(Chunk - 1)]
    [InlineData(Chunk)]
    [InlineData(Chunk + 1)]
    [InlineData(3 * Chunk + 7)]
    public async Task A_file_is_what_came(int length)
    {
        var content = Bytes(length);
        Assert.Null(await Files.FindAsync(Id, Cancellation));

        Assert.True(await AddAsync(Id, content, "{\"name\":\"très cool\"}"));

        foreach (var files in (IFileStore[])[Files, await OpenAsync()])
        {
            var file = (await files.FindAsync(Id, Cancellation))!;
            Assert.Equal((Id, "{\"name\":\"très cool\"}"), (file.Id, Encoding.UTF8.GetString(file.Note.Span)));
            Assert.Equal(content, await ReadAsync(file));
            Assert.Equal(content, await SendAsync(file, 0, length));
        }
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(5, 10)]
    [InlineData(Chunk - 1, 2)]
    [InlineData(Chunk, Chunk)]
    [InlineData(100, 2 * Chunk - 100)]
    [InlineData(2 * Chunk + 9, 1)]
    public async Task Parts_can_be_sent(int offset, int length)
    {
        var content = Bytes(2 * Chunk + 10);
        await AddAsync(Id, content);

        var file = (await Files.FindAsync(Id, Cancellation))!;

        Assert.Equal(content[offset..(offset + length)], await SendAsync(file, offset, length));
    }

    [Fact]
    public async Task Whoever_reads_can_go_back()
    {
        var content = Bytes(Chunk + 100);
        await AddAsync(Id, content);
        await using var stream = (await Files.FindAsync(Id, Cancellation))!.OpenRead();
        var (start, first, again) = (stream.Position, new byte[Chunk + 50], new byte[10]);

        await stream.ReadExactlyAsync(first, Cancellation);
        stream.Position = start;
        await stream.ReadExactlyAsync(again, Cancellation);
        stream.Seek(-10, SeekOrigin.End);
        Assert.Equal(10, stream.Length - stream.Position);

        Assert.Equal(content[..first.Length], first);
        Assert.Equal(content[..10], again);
    }

    [Fact]
    public async Task An_id_is_of_one_file()
    {
        Assert.True(await AddAsync(Id, Bytes(10)));
        var parts = await CountPartsAsync();

        Assert.False(await AddAsync(Id, Bytes(20)));

        Assert.Equal(10, (await ReadAsync((await Files.FindAsync(Id, Cancellation))!)).Length);
        Assert.Equal(parts, await CountPartsAsync());
    }

    [Fact]
    public async Task A_part_of_a_file_is_not_found_and_not_kept()
    {
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
        var adding = Files.AddAsync(Id, "{}"u8.ToArray(), 3 * Chunk, pipe.Reader, Cancellation).AsTask();
        await pipe.Writer.WriteAsync(Bytes(2 * Chunk + 1), Cancellation);

        Assert.Null(await Files.FindAsync(Id, Cancellation));
        Assert.Empty(await Files.FindIdsAsync([Id], Cancellation));
        Assert.Empty(await ListAsync());
        Assert.False(await Files.RemoveAsync(Id, Cancellation));
        // It is just coming.
        await Files.SweepAsync(Cancellation);
        await pipe.Writer.CompleteAsync(new IOException("The client is gone."));

        await Assert.ThrowsAsync<IOException>(() => adding);
        Assert.Null(await Files.FindAsync(Id, Cancellation));
        Assert.Equal(0, await CountPartsAsync());
        Assert.True(await AddAsync(Id, Bytes(10)));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    public async Task Content_of_another_length_is_refused(int more)
    {
        var content = PipeReader.Create(new MemoryStream(Bytes(2 * Chunk + more)));

        await Assert.ThrowsAsync<EndOfStreamException>(
            async () => await Files.AddAsync(Id, "{}"u8.ToArray(), 2 * Chunk, content, Cancellation));

        Assert.Equal(0, await CountPartsAsync());
    }

    [Fact]
    public async Task Whoever_is_cancelled_leaves_nothing()
    {
        using var cancelled = new CancellationTokenSource();
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
        var adding = Files.AddAsync(Id, "{}"u8.ToArray(), 3 * Chunk, pipe.Reader, cancelled.Token).AsTask();
        await pipe.Writer.WriteAsync(Bytes(2 * Chunk), Cancellation);

        await cancelled.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => adding);
        Assert.Equal(0, await CountPartsAsync());
    }

    [Fact]
    public async Task Files_are_listed_until_they_are_removed()
    {
        string[] ids = [.. Enumerable.Range(0, 5).Select(_ => NewId())];
        foreach (var id in ids)
            Assert.True(await AddAsync(id, Bytes(Chunk + 1)));

        Assert.Equal(ids.Order(), await ListAsync());
        Assert.Equal(ids[..2].ToHashSet(), await Files.FindIdsAsync([.. ids[..2], NewId()], Cancellation));
        await Files.SweepAsync(Cancellation);
        foreach (var id in ids)
        {
            Assert.True(await Files.RemoveAsync(id, Cancellation));
            Assert.False(await Files.RemoveAsync(id, Cancellation));
        }

        Assert.Empty(await ListAsync());
        Assert.Empty(await Files.FindIdsAsync(ids, Cancellation));
        Assert.Equal(0, await CountPartsAsync());
    }

    [Fact]
    public async Task What_was_removed_meanwhile_is_not_found()
    {
        await AddAsync(Id, Bytes(10));
        var file = (await Files.FindAsync(Id, Cancellation))!;

        await Files.RemoveAsync(Id, Cancellation);

        await Assert.ThrowsAsync<FileNotFoundException>(() => ReadAsync(file));
        await Assert.ThrowsAsync<FileNotFoundException>(() => SendAsync(file, 0, 10));
    }

    [Fact]
    public async Task Many_come_at_once()
    {
        string[] ids = [.. Enumerable.Range(0, 20).Select(_ => NewId())];

        var added = await Task.WhenAll(ids.Select((id, number) => Task.Run(() => AddAsync(id, Bytes(number * Chunk / 5)).AsTask())));

        Assert.All(added, Assert.True);
        for (var number = 0; number < ids.Length; number++)
            Assert.Equal(Bytes(number * Chunk / 5), await ReadAsync((await Files.FindAsync(ids[number], Cancellation))!));
    }

    protected static string NewId() => Guid.NewGuid().ToString("n");

    protected static byte[] Bytes(int length) => [.. Enumerable.Range(0, length).Select(i => (byte)(i * 7 + i / 251))];

    private ValueTask<bool> AddAsync(string id, byte[] content, string note = "{}") =>
        Files.AddAsync(id, Encoding.UTF8.GetBytes(note), content.Length, PipeReader.Create(new MemoryStream(content)), Cancellation);

    private async Task<IReadOnlyList<string>> ListAsync()
    {
        var ids = new List<string>();
        await foreach (var file in Files.ListAsync(Cancellation))
            ids.Add(file.Id);
        return [.. ids.Order()];
    }

    private static async Task<byte[]> ReadAsync(IStoredFile file)
    {
        await using var stream = file.OpenRead();
        var content = new MemoryStream();
        await stream.CopyToAsync(content, Cancellation);
        return content.ToArray();
    }

    private static async Task<byte[]> SendAsync(IStoredFile file, long offset, long length)
    {
        var response = new MemoryStream();
        await file.SendAsync(new FakeExchange(response), offset, length, Cancellation);
        return response.ToArray();
    }
}
