using System.IO.Pipelines;
using Xmpp.Core.Modules;
using Xmpp.Core.Storage;

namespace Xmpp.Storage.Disk;

/// <summary>
/// Files in a directory of this process: each is one file of the disk, a line with its note, and its content. What is being received is
/// elsewhere until it is whole, so that nobody sees a part of it.
/// </summary>
public sealed class DiskFiles(string directory) : IFileStore
{
    private readonly IncomingFiles _incoming = new(Path.Combine(directory, "incoming"));

    public ValueTask<IStoredFile?> FindAsync(string id, CancellationToken cancellationToken) => new(Find(id));

    public ValueTask<IReadOnlySet<string>> FindIdsAsync(IReadOnlyCollection<string> ids, CancellationToken cancellationToken) =>
        new(ids.Where(id => File.Exists(PathOf(id))).ToHashSet());

    public IAsyncEnumerable<IStoredFile> ListAsync(CancellationToken cancellationToken)
    {
        var paths = Directory.Exists(directory) ? Directory.EnumerateFiles(directory, "*", SearchOption.AllDirectories) : [];
        return paths.Select(path => (Id: Path.GetFileName(path), Path: path))
            .Where(file => file.Id.Length > 2 && file.Path == PathOf(file.Id)).Select(file => Find(file.Id)).OfType<IStoredFile>().ToAsyncEnumerable();
    }

    public async ValueTask<bool> AddAsync(
        string id, ReadOnlyMemory<byte> note, long length, PipeReader content, CancellationToken cancellationToken)
    {
        var path = PathOf(id);
        if (File.Exists(path))
            return false;
        await _incoming.ReceiveAsync(id, note, length, content, file =>
        {
            file.Flush(flushToDisk: true);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.Move(file.Name, path);
            // Its name as well: file systems write that down together with the file that it is of.
            file.Flush(flushToDisk: true);
            return default;
        }, cancellationToken);
        return true;
    }

    public ValueTask<bool> RemoveAsync(string id, CancellationToken cancellationToken)
    {
        var path = PathOf(id);
        if (!File.Exists(path))
            return new(false);
        File.Delete(path);
        return new(true);
    }

    public ValueTask SweepAsync(CancellationToken cancellationToken)
    {
        _incoming.Sweep();
        return default;
    }

    private StoredFile? Find(string id)
    {
        var path = PathOf(id);
        try
        {
            using var handle = File.OpenHandle(path);
            var header = new byte[IncomingFiles.MaxHeader];
            var length = RandomAccess.Read(handle, header, 0);
            var end = header.AsSpan(0, length).IndexOf((byte)'\n');
            return end >= 0 ? new(id, header.AsMemory(0, end), path, end + 1) : null;
        }
        catch (Exception failure) when (failure is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    /// <summary>A directory has not too many.</summary>
    private string PathOf(string id) => Path.Combine(directory, id[..2], id);

    /// <param name="offset">Where the content begins in the file.</param>
    private sealed class StoredFile(string id, ReadOnlyMemory<byte> note, string path, int offset) : IStoredFile
    {
        public string Id => id;

        public ReadOnlyMemory<byte> Note => note;

        public bool IsSettled => true;

        public Stream OpenRead() => new FileStream(path, new FileStreamOptions { Options = FileOptions.Asynchronous }) { Position = offset };

        public Task SendAsync(IHttpExchange to, long start, long length, CancellationToken cancellationToken) =>
            to.SendFileAsync(path, offset + start, length, cancellationToken);
    }
}
