using System.Collections.Concurrent;
using System.IO.Pipelines;

namespace Xmpp.Storage.Disk;

/// <summary>
/// Files that are being received into a directory, so that nobody sees a part of them. Each has the form in which it is kept: a line with
/// its note, and its content.
/// </summary>
internal sealed class IncomingFiles(string directory)
{
    /// <summary>Of the line, in bytes.</summary>
    public const int MaxHeader = 4096;

    /// <summary>What is written at once, unless the end comes before: less than a connection reads ahead.</summary>
    private const int WriteBytes = 64 * 1024;

    private readonly ConcurrentDictionary<string, object?> _receiving = new();

    /// <summary>Receives a file to its end and has it kept; nothing stays here.</summary>
    /// <param name="length">Of the content, in bytes.</param>
    /// <param name="keep">Given the whole file, which can be read and moved away.</param>
    /// <exception cref="EndOfStreamException">The content has another length.</exception>
    public async ValueTask ReceiveAsync(
        string id, ReadOnlyMemory<byte> note, long length, PipeReader content, Func<FileStream, ValueTask> keep,
        CancellationToken cancellationToken)
    {
        var path = Path.Combine(directory, id);
        _receiving[id] = null;
        try
        {
            Directory.CreateDirectory(directory);
            using var file = new FileStream(path, new FileStreamOptions
            {
                // What a process before has left there is of no use.
                Mode = FileMode.Create,
                Access = FileAccess.ReadWrite,
                BufferSize = 0,
                PreallocationSize = length,
            });
            await WriteAsync(file, note, length, content, cancellationToken);
            await keep(file);
        }
        finally
        {
            File.Delete(path);
            _receiving.TryRemove(id, out _);
        }
    }

    /// <summary>Removes what a process before has left.</summary>
    public void Sweep()
    {
        if (!Directory.Exists(directory))
            return;
        foreach (var path in Directory.EnumerateFiles(directory).Where(path => !_receiving.ContainsKey(Path.GetFileName(path))))
            File.Delete(path);
    }

    private static async Task WriteAsync(
        FileStream file, ReadOnlyMemory<byte> note, long length, PipeReader content, CancellationToken cancellationToken)
    {
        byte[] header = [.. note.Span, (byte)'\n'];
        file.Write(header);
        var came = 0L;
        var parts = new List<ReadOnlyMemory<byte>>();
        // Asynchronous writing would be the same on another thread of the pool.
        for (var isWhole = false; !isWhole;)
        {
            var read = await content.ReadAtLeastAsync(WriteBytes, cancellationToken);
            parts.Clear();
            foreach (var part in read.Buffer)
                parts.Add(part);
            RandomAccess.Write(file.SafeFileHandle, parts, header.Length + came);
            came += read.Buffer.Length;
            content.AdvanceTo(read.Buffer.End);
            isWhole = read.IsCompleted;
        }
        if (came != length)
            throw new EndOfStreamException($"{came} bytes came in the place of {length}.");
    }
}
