using System.Collections.Concurrent;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Storage.Disk;
using Xmpp.Storage.S3;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Storage.Tests.S3;

/// <summary>What comes of a store that fails, and what is put into it.</summary>
public sealed class S3FilesTests : IAsyncLifetime
{
    private const string Id = "0123456789abcdef0123456789abcdef";
    private const int Large = 20 * 1024 * 1024;

    private readonly S3Server _server = new();
    private readonly TemporaryDirectory _directory = new();
    private readonly ConcurrentQueue<string?> _told = new();
    private S3Files _files = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await _server.StartAsync();
        _files = new(S3FilesContractTests.OptionsOf(_server, _directory, "chat/", changed: _told.Enqueue), TimeProvider.System);
    }

    public async ValueTask DisposeAsync()
    {
        _files?.Dispose();
        await _server.DisposeAsync();
        _directory.Dispose();
    }

    [Fact]
    public async Task Objects_are_what_files_on_the_disk_are()
    {
        var disk = new DiskFiles(Path.Combine(_directory.Path, "disk"));
        Assert.True(await AddAsync(_files, Id, 1000));
        Assert.True(await AddAsync(disk, Id, 1000));

        var made = Assert.Single(_server.Objects);
        Assert.EndsWith($"/chat/01/{Id}._S3rver_object", made, StringComparison.Ordinal);
        Assert.Equal(
            await File.ReadAllBytesAsync(Path.Combine(_directory.Path, "disk/01", Id), Cancellation),
            await File.ReadAllBytesAsync(made, Cancellation));
    }

    [Fact]
    public async Task A_store_that_is_away_is_told_of_and_found_again()
    {
        Assert.True(await AddAsync(_files, Id, 1000));
        await _server.StopAsync();
        var content = new Pipe();

        await FailAsync(() => _files.FindAsync(Id, Cancellation).AsTask());
        await FailAsync(() => _files.RemoveAsync(Id, Cancellation).AsTask());
        await FailAsync(() => _files.FindIdsAsync([Id], Cancellation).AsTask());
        await FailAsync(() => _files.ListAsync(Cancellation).ToListAsync(Cancellation).AsTask());
        // Nothing is received in vain.
        await FailAsync(() => _files.AddAsync(new string('a', 32), "{}"u8.ToArray(), 10, content.Reader, Cancellation).AsTask());

        Assert.Contains("it can't be reached: Connection refused", Assert.Single(_told), StringComparison.Ordinal);
        Assert.DoesNotContain(S3Server.Key, Assert.Single(_told), StringComparison.Ordinal);
        await _server.StartAsync();
        Assert.NotNull(await _files.FindAsync(Id, Cancellation));
        Assert.Equal([false, true], _told.Select(problem => problem is null));

        async Task FailAsync(Func<Task> work) => Assert.Equal(
            StanzaErrorCondition.ResourceConstraint, (await Assert.ThrowsAsync<StoreException>(work)).Condition);
    }

    [Fact]
    public async Task What_can_not_be_kept_when_it_is_whole_is_not_there()
    {
        var content = new Pipe();
        var adding = _files.AddAsync(Id, "{}"u8.ToArray(), 10, content.Reader, Cancellation).AsTask();
        await content.Writer.WriteAsync(new byte[10], Cancellation);
        while (!File.Exists(Path.Combine(_directory.Path, "incoming", Id)))
        {
            // It is being received.
            await Task.Yield();
        }
        await _server.StopAsync();

        await content.Writer.CompleteAsync();

        await Assert.ThrowsAsync<StoreException>(() => adding);
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(_directory.Path, "incoming")));
        Assert.NotEmpty(_told);
        await _server.StartAsync();
        Assert.Null(await _files.FindAsync(Id, Cancellation));
        Assert.True(await AddAsync(_files, Id, 10));
        Assert.Null(_told.Last());
    }

    [Theory]
    [InlineData("nowhere", S3Server.Key, S3Server.Key, "http.s3.bucket = \"nowhere\": there is no such bucket; make it")]
    [InlineData(S3Server.Bucket, "nobody", S3Server.Key, "http.s3.accessKey = \"nobody\": the store doesn't know it")]
    [InlineData(S3Server.Bucket, S3Server.Key, "to be or not", "http.s3.secretKey: it doesn't belong to http.s3.accessKey")]
    public async Task What_is_wrong_is_told_by_the_key_that_says_it(string bucket, string key, string secret, string problem)
    {
        using var files = new S3Files(
            S3FilesContractTests.OptionsOf(_server, _directory, "", bucket, key, secret, _told.Enqueue), TimeProvider.System);

        var failures = new[]
        {
            await Assert.ThrowsAsync<StoreException>(() => files.FindAsync(Id, Cancellation).AsTask()),
            await Assert.ThrowsAsync<StoreException>(() => AddAsync(files, Id, 10)),
            await Assert.ThrowsAsync<StoreException>(() => S3Files.CheckAsync(
                S3FilesContractTests.OptionsOf(_server, _directory, "", bucket, key, secret), Cancellation)),
        };

        Assert.All(failures, failure =>
        {
            Assert.Equal(StanzaErrorCondition.InternalServerError, failure.Condition);
            Assert.Contains(problem, failure.Message, StringComparison.Ordinal);
            Assert.DoesNotContain("to be or not", failure.ToString(), StringComparison.Ordinal);
        });
        Assert.Contains(problem, Assert.Single(_told), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_check_leaves_nothing()
    {
        await S3Files.CheckAsync(S3FilesContractTests.OptionsOf(_server, _directory, "chat/"), Cancellation);

        Assert.Empty(_server.Objects);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_is_being_sent_goes_on_where_a_connection_broke_off_if_it_is_still_there(bool isThere)
    {
        Assert.True(await AddAsync(_files, Id, Large));
        var file = (await _files.FindAsync(Id, Cancellation))!;
        var client = new Pipe(new PipeOptions(pauseWriterThreshold: 1, resumeWriterThreshold: 1));
        var sending = file.SendAsync(new FakeExchange(client.Writer.AsStream()), 0, Large, Cancellation);
        var first = await client.Reader.ReadAsync(Cancellation);
        // Once it is away, there is nothing but what has come.
        await _server.StopAsync();
        if (isThere)
            await _server.StartAsync();
        client.Reader.AdvanceTo(first.Buffer.Start);

        var received = ReceiveAsync(client.Reader);
        if (isThere)
        {
            await sending;
            await client.Writer.CompleteAsync();
            Assert.Equal(FileBytes(Large), await received);
        }
        else
        {
            await Assert.ThrowsAsync<StoreException>(() => sending);
            await client.Writer.CompleteAsync();
            await received;
        }
    }

    [Fact]
    public async Task A_store_that_does_not_answer_is_not_waited_for()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        using var files = new S3Files(OptionsAt(silent, TimeSpan.FromMilliseconds(300)), TimeProvider.System);

        var failure = await Assert.ThrowsAsync<StoreException>(() => files.FindAsync(Id, Cancellation).AsTask());

        Assert.Equal(StanzaErrorCondition.ResourceConstraint, failure.Condition);
        Assert.Contains("it has not answered for", Assert.Single(_told), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Whoever_does_not_want_an_answer_any_more_is_no_failure()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        using var cancelled = new CancellationTokenSource();
        silent.Start();
        using var files = new S3Files(OptionsAt(silent, TimeSpan.FromMinutes(1)), TimeProvider.System);
        var finding = files.FindAsync(Id, cancelled.Token).AsTask();

        await cancelled.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => finding);
        Assert.Empty(_told);
    }

    [Fact]
    public async Task What_is_put_is_signed_as_a_whole_and_as_plain_as_every_store_takes_it()
    {
        using var store = new TcpListener(IPAddress.Loopback, 0);
        store.Start();
        using var files = new S3Files(OptionsAt(store, TimeSpan.FromSeconds(30)), TimeProvider.System);
        var adding = AddAsync(files, Id, 1000);

        var find = await AnswerAsync("404 Not Found", "<Error><Code>NoSuchKey</Code></Error>", body: 0);
        var put = await AnswerAsync("200 OK", "", body: 1003);

        Assert.True(await adding);
        Assert.StartsWith($"GET /uploads/01/{Id} HTTP/1.1", find[0], StringComparison.Ordinal);
        Assert.StartsWith($"PUT /uploads/01/{Id} HTTP/1.1", put[0], StringComparison.Ordinal);
        Assert.Contains("content-length: 1003", put);
        var hash = Assert.Single(put, line => line.StartsWith("x-amz-content-sha256: ", StringComparison.Ordinal));
        Assert.Matches("^x-amz-content-sha256: [0-9a-f]{64}$", hash);
        foreach (var other in (string[])["checksum", "trailer", "transfer-encoding", "content-encoding"])
            Assert.DoesNotContain(put, line => line.Contains(other, StringComparison.Ordinal));
        Assert.Contains(put, line => line.StartsWith("authorization: AWS4-HMAC-SHA256 Credential=S3RVER/", StringComparison.Ordinal)
            && line.Contains("/us-east-1/s3/aws4_request", StringComparison.Ordinal));

        // The lines of a request's head, names in lower case.
        async Task<string[]> AnswerAsync(string status, string content, int body)
        {
            using var connection = await store.AcceptSocketAsync(Cancellation);
            var (request, buffer) = (new MemoryStream(), new byte[4096]);
            int end;
            while ((end = Encoding.ASCII.GetString(request.ToArray()).IndexOf("\r\n\r\n", StringComparison.Ordinal)) < 0
                || request.Length < end + 4 + body)
            {
                var count = await connection.ReceiveAsync(buffer, Cancellation);
                Assert.NotEqual(0, count);
                request.Write(buffer, 0, count);
                if (body > 0 && Encoding.ASCII.GetString(request.ToArray()).Contains("100-continue", StringComparison.OrdinalIgnoreCase))
                    await connection.SendAsync("HTTP/1.1 100 Continue\r\n\r\n"u8.ToArray(), Cancellation);
            }
            var answer = $"HTTP/1.1 {status}\r\nContent-Length: {content.Length}\r\nConnection: close\r\n\r\n{content}";
            await connection.SendAsync(Encoding.ASCII.GetBytes(answer), Cancellation);
            var head = Encoding.ASCII.GetString(request.ToArray(), 0, end).Split("\r\n");
            return
            [
                head[0],
                .. head[1..].Select(line => line.Split(':', 2)).Select(field => $"{field[0].ToLowerInvariant()}:{field[1]}"),
            ];
        }
    }

    [Fact]
    public async Task A_file_is_settled_once_whoever_has_received_it_has_had_the_time()
    {
        await AddAsync(_files, Id, 1);
        var time = new LaterTime();
        using var other = new S3Files(S3FilesContractTests.OptionsOf(_server, _directory, "chat/"), time);
        var file = (await other.FindAsync(Id, Cancellation))!;

        Assert.False(file.IsSettled);
        time.Ahead = S3Files.Settling + TimeSpan.FromMinutes(1);
        Assert.True(file.IsSettled);
    }

    [Fact]
    public async Task Objects_of_other_programs_are_no_files()
    {
        using var bucket = new S3Bucket(S3FilesContractTests.OptionsOf(_server, _directory, ""));
        var empty = $"chat/ab/ab{Id}";
        foreach (var key in (string[])["chat/readme", $"chat/02/{Id}", $"chat/01/{Id}", $"elsewhere/01/{Id}", empty])
        {
            var path = Path.Combine(_directory.Path, "object");
            await File.WriteAllTextAsync(path, key == empty ? "" : "no line", Cancellation);
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read);
            await bucket.PutAsync(key, file);
        }

        Assert.Null(await _files.FindAsync(Id, Cancellation));
        Assert.Empty(await _files.ListAsync(Cancellation).ToListAsync(Cancellation));
    }

    [Fact]
    public async Task What_a_killed_process_leaves_is_swept_away()
    {
        var left = Directory.CreateDirectory(Path.Combine(_directory.Path, "incoming"));
        await File.WriteAllTextAsync(Path.Combine(left.FullName, Id), "{}\nnot all of it", Cancellation);

        await _files.SweepAsync(Cancellation);

        Assert.Empty(left.EnumerateFiles());
    }

    private S3FilesOptions OptionsAt(TcpListener store, TimeSpan patience) => new()
    {
        Endpoint = new($"http://{store.LocalEndpoint}"),
        Bucket = S3Server.Bucket,
        AccessKey = S3Server.Key,
        SecretKey = S3Server.Key,
        Incoming = Path.Combine(_directory.Path, "incoming"),
        Changed = _told.Enqueue,
        Patience = patience,
    };

    private static byte[] FileBytes(int length) => [.. Enumerable.Range(0, length).Select(i => (byte)(i * 7 + i / 251))];

    private static Task<bool> AddAsync(IFileStore files, string id, int length) => files.AddAsync(
        id, "{}"u8.ToArray(), length, PipeReader.Create(new MemoryStream(FileBytes(length))), Cancellation).AsTask();

    private static async Task<byte[]> ReceiveAsync(PipeReader from)
    {
        var content = new MemoryStream();
        await from.CopyToAsync(content, Cancellation);
        return content.ToArray();
    }

    private sealed class LaterTime : TimeProvider
    {
        public TimeSpan Ahead { get; set; }

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Ahead;
    }
}
