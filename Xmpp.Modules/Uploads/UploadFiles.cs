using System.Collections.Concurrent;
using System.IO.Pipelines;

namespace Xmpp.Modules.Uploads;

/// <summary>An uploaded file on the disk.</summary>
/// <param name="Path">The file.</param>
/// <param name="Offset">Where its content begins in it.</param>
internal sealed record StoredUpload(Upload Upload, string Path, int Offset);

/// <summary>
/// Uploaded files: each is one file of the disk, a line of JSON that says what it is (<see cref="Upload"/>), and its content. What is
/// being received is elsewhere until it is whole, so that nobody sees a part of it.
/// </summary>
internal sealed class UploadFiles(string directory)
{
    /// <summary>Of the line of JSON.</summary>
    private const int MaxHeader = 4096;

    private readonly string _incoming = Path.Combine(directory, "incoming");
    private readonly ConcurrentDictionary<string, object?> _coming = new();
    private long _bytes;

    /// <summary>What all of them have, in bytes.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>Whether an id could be one of ours, which are names of files as well.</summary>
    public static bool IsId(string text) => text.Length == 32 && text.All(char.IsAsciiHexDigitLower);

    public bool IsComing(string id) => _coming.ContainsKey(id);

    public bool Exists(string id) => File.Exists(PathOf(id));

    /// <summary>Receives a file to its end; it is on the disk when this completes.</summary>
    /// <param name="keep">Called then; false removes it.</param>
    /// <returns>Null when there is one of this id already, or one is just being received; else what keep said.</returns>
    public async ValueTask<bool?> ReceiveAsync(
        Upload upload, PipeReader content, Func<Upload, ValueTask<bool>> keep, CancellationToken cancellationToken)
    {
        if (!_coming.TryAdd(upload.Id, null))
            return null;
        var isKept = false;
        var incoming = Path.Combine(_incoming, upload.Id);
        try
        {
            if (Exists(upload.Id))
            {
                isKept = true;
                return null;
            }
            Directory.CreateDirectory(_incoming);
            await WriteAsync(incoming, upload, content, cancellationToken);
            var path = PathOf(upload.Id);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.Move(incoming, path);
            Interlocked.Add(ref _bytes, upload.Size);
            return isKept = await keep(upload);
        }
        finally
        {
            File.Delete(incoming);
            if (!isKept)
                Remove(upload);
            _coming.TryRemove(upload.Id, out _);
        }
    }

    /// <summary>Finds a file; null when there is none.</summary>
    public StoredUpload? Find(string id)
    {
        var path = PathOf(id);
        try
        {
            using var handle = File.OpenHandle(path);
            var header = new byte[MaxHeader];
            var length = RandomAccess.Read(handle, header, 0);
            var end = header.AsSpan(0, length).IndexOf((byte)'\n');
            return end >= 0 && Upload.Parse(header.AsSpan(0, end)) is { } upload ? new(upload, path, end + 1) : null;
        }
        catch (Exception failure) when (failure is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Removes a file; nothing happens when there is none.</summary>
    public void Remove(Upload upload)
    {
        var path = PathOf(upload.Id);
        if (!File.Exists(path))
            return;
        File.Delete(path);
        Interlocked.Add(ref _bytes, -upload.Size);
    }

    /// <summary>Removes what a process before has not received to its end. Before anything is received.</summary>
    public void RemoveIncoming()
    {
        if (Directory.Exists(_incoming))
            Directory.Delete(_incoming, recursive: true);
    }

    /// <summary>Counts what is there from before.</summary>
    public void Count() => Interlocked.Add(ref _bytes, List().Where(file => !IsComing(file.Upload.Id)).Sum(file => file.Upload.Size));

    /// <summary>All files, in no order; those that come or go meanwhile may be among them.</summary>
    public IEnumerable<StoredUpload> List() => Directory.Exists(directory)
        ? Directory.EnumerateFiles(directory, "*", SearchOption.AllDirectories)
            .Select(path => Path.GetFileName(path)).Where(IsId).Select(Find).OfType<StoredUpload>()
        : [];

    private static async Task WriteAsync(string path, Upload upload, PipeReader content, CancellationToken cancellationToken)
    {
        using var file = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            BufferSize = 0,
            PreallocationSize = upload.Size,
        });
        byte[] header = [.. upload.ToJson(), (byte)'\n'];
        file.Write(header);
        // Asynchronous writing would be the same on another thread of the pool.
        for (var isWhole = false; !isWhole;)
        {
            var read = await content.ReadAsync(cancellationToken);
            foreach (var bytes in read.Buffer)
                file.Write(bytes.Span);
            content.AdvanceTo(read.Buffer.End);
            isWhole = read.IsCompleted;
        }
        if (file.Position - header.Length is var length && length != upload.Size)
            throw new EndOfStreamException($"{length} bytes came in the place of {upload.Size}.");
        file.Flush(flushToDisk: true);
    }

    /// <summary>A directory has not too many.</summary>
    private string PathOf(string id) => Path.Combine(directory, id[..2], id);
}
