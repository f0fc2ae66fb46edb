using System.IO.Pipelines;
using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Storage.Disk;

namespace Xmpp.Storage.S3;

/// <summary>
/// Files in a bucket of an S3 store, in the form and by the names that <see cref="DiskFiles"/> has: so a directory can be copied into a
/// bucket and back.
/// </summary>
/// <remarks>
/// A file is received on the disk of this process and sent to the store when it is whole, by one request. So nobody is slow there, a request
/// that fails can be repeated, and there is never a part of a file, whatever the store does with requests that break off.
/// </remarks>
public sealed class S3Files : IFileStore, IDisposable
{
    /// <summary>Requests for files of a list at the same time.</summary>
    private const int AtOnce = 16;

    private readonly string _prefix;
    private readonly TimeProvider _time;
    private readonly S3Bucket _bucket;
    private readonly IncomingFiles _incoming;

    public S3Files(S3FilesOptions options, TimeProvider time)
    {
        (_prefix, _time) = (options.Prefix, time);
        _bucket = new(options);
        _incoming = new(options.Incoming);
    }

    /// <summary>A file is settled this long after it came, as the clocks of the store and of this process say.</summary>
    public static TimeSpan Settling { get; } = TimeSpan.FromHours(1);

    /// <summary>Seldom: each object is a request, which may cost money.</summary>
    public TimeSpan SweepInterval => TimeSpan.FromDays(1);

    /// <summary>Whether objects can be listed, put, fetched and deleted there; of what it puts there nothing stays.</summary>
    /// <exception cref="StoreException">They can't; the message says why and what to do.</exception>
    public static async Task CheckAsync(S3FilesOptions options, CancellationToken cancellationToken)
    {
        using var bucket = new S3Bucket(options);
        await bucket.ListAsync(after: null, cancellationToken);
        var key = $"{options.Prefix}xmppctl-check-{Environment.ProcessId}";
        var path = Path.GetTempFileName();
        try
        {
            using (var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.Read, 4096, FileOptions.DeleteOnClose))
            {
                file.WriteByte((byte)'\n');
                file.Flush();
                await bucket.PutAsync(key, file);
            }
            (await bucket.GetAsync(key, 0, 1, cancellationToken)).Dispose();
        }
        finally
        {
            await bucket.DeleteAsync(key, CancellationToken.None);
        }
    }

    public async ValueTask<IStoredFile?> FindAsync(string id, CancellationToken cancellationToken) => await ReadAsync(id, cancellationToken);

    public async ValueTask<IReadOnlySet<string>> FindIdsAsync(IReadOnlyCollection<string> ids, CancellationToken cancellationToken)
    {
        var found = new HashSet<string>();
        await foreach (var file in ReadAllAsync(ids, cancellationToken))
            found.Add(file.Id);
        return found;
    }

    public async IAsyncEnumerable<IStoredFile> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string? next = null;
        do
        {
            (var keys, next) = await _bucket.ListAsync(next, cancellationToken);
            var ids = keys.Select(key => key[(key.LastIndexOf('/') + 1)..]).Where((id, i) => id.Length > 2 && KeyOf(id) == keys[i]);
            await foreach (var file in ReadAllAsync(ids, cancellationToken))
                yield return file;
        }
        while (next is not null);
    }

    public async ValueTask<bool> AddAsync(
        string id, ReadOnlyMemory<byte> note, long length, PipeReader content, CancellationToken cancellationToken)
    {
        // While the store fails nothing is received.
        if (await FindAsync(id, cancellationToken) is not null)
            return false;
        await _incoming.ReceiveAsync(id, note, length, content, file => PutAsync(id, file), cancellationToken);
        return true;
    }

    public async ValueTask<bool> RemoveAsync(string id, CancellationToken cancellationToken)
    {
        if (await FindAsync(id, cancellationToken) is null)
            return false;
        await _bucket.DeleteAsync(KeyOf(id), cancellationToken);
        return true;
    }

    public ValueTask SweepAsync(CancellationToken cancellationToken)
    {
        _incoming.Sweep();
        return default;
    }

    public void Dispose() => _bucket.Dispose();

    private async ValueTask PutAsync(string id, FileStream file)
    {
        try
        {
            await _bucket.PutAsync(KeyOf(id), file);
        }
        catch (StoreException)
        {
            await UndoAsync(id);
            throw;
        }
    }

    /// <summary>What failed may have been done all the same.</summary>
    private async ValueTask UndoAsync(string id)
    {
        try
        {
            await _bucket.DeleteAsync(KeyOf(id), CancellationToken.None);
        }
        catch (StoreException)
        {
            // If it is there after all, whoever looks after the files finds it with nobody who has it.
        }
    }

    private async IAsyncEnumerable<S3File> ReadAllAsync(IEnumerable<string> ids, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var some in ids.Chunk(AtOnce))
        {
            foreach (var file in await Task.WhenAll(some.Select(id => ReadAsync(id, cancellationToken))))
            {
                if (file is not null)
                    yield return file;
            }
        }
    }

    /// <summary>What is at the beginning of an object; null when there is none, or one that is no file of ours.</summary>
    private async Task<S3File?> ReadAsync(string id, CancellationToken cancellationToken)
    {
        try
        {
            using var object_ = await _bucket.GetAsync(KeyOf(id), 0, IncomingFiles.MaxHeader, cancellationToken);
            var header = new byte[IncomingFiles.MaxHeader];
            var count = 0;
            while (count < header.Length
                && await _bucket.ReadAsync(object_.ResponseStream, header.AsMemory(count), cancellationToken) is > 0 and var more)
            {
                count += more;
            }
            var end = header.AsSpan(0, count).IndexOf((byte)'\n');
            var size = ContentRangeHeaderValue.TryParse(object_.ContentRange, out var range) && range.Length is { } whole ? whole : count;
            return end < 0
                ? null
                : new(this, id, header.AsMemory(0, end), end + 1, size - end - 1, object_.LastModified ?? default);
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Names that say the same as those of files on the disk.</summary>
    private string KeyOf(string id) => $"{_prefix}{id[..2]}/{id}";

    /// <param name="offset">Where the content begins in the object.</param>
    /// <param name="length">Of the content, in bytes.</param>
    /// <param name="at">When it came, as the store says.</param>
    private sealed class S3File(S3Files store, string id, ReadOnlyMemory<byte> note, int offset, long length, DateTimeOffset at) : IStoredFile
    {
        public string Id => id;

        public ReadOnlyMemory<byte> Note => note;

        public bool IsSettled => store._time.GetUtcNow() - at > Settling;

        public Stream OpenRead() => Open(0, length);

        public async Task SendAsync(IHttpExchange to, long start, long count, CancellationToken cancellationToken)
        {
            await using var content = Open(start, count);
            try
            {
                await content.CopyToAsync(to.Response, cancellationToken);
            }
            catch (FileNotFoundException) when (content.Position > 0)
            {
                throw new StoreException(StanzaErrorCondition.ResourceConstraint, "A file was removed while it was sent.");
            }
        }

        private S3Stream Open(long start, long count) => new(store._bucket, store.KeyOf(id), offset + start, count);
    }
}
