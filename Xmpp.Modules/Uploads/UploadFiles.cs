using System.Collections.Concurrent;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using Xmpp.Core.Storage;

namespace Xmpp.Modules.Uploads;

/// <summary>An uploaded file.</summary>
internal sealed record StoredUpload(Upload Upload, IStoredFile File);

/// <summary>Uploaded files, wherever they are kept: the note of each is what it is (<see cref="Upload"/>), as JSON.</summary>
internal sealed class UploadFiles(IFileStore store)
{
    private readonly ConcurrentDictionary<string, object?> _coming = new();
    private bool _isCounted;
    private long _bytes;

    /// <summary>What all of them have, in bytes.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    /// <inheritdoc cref="IFileStore.SweepInterval"/>
    public TimeSpan SweepInterval => store.SweepInterval;

    /// <summary>Whether an id could be one of ours.</summary>
    public static bool IsId(string text) => text.Length == 32 && text.All(char.IsAsciiHexDigitLower);

    public bool IsComing(string id) => _coming.ContainsKey(id);

    /// <summary>Which of these there are.</summary>
    public ValueTask<IReadOnlySet<string>> FindIdsAsync(IReadOnlyCollection<string> ids, CancellationToken cancellationToken) =>
        store.FindIdsAsync(ids, cancellationToken);

    /// <summary>Receives a file to its end; it is durable when this completes.</summary>
    /// <param name="keep">Called then; false removes it.</param>
    /// <returns>Null when there is one of this id already, or one is just being received; else what keep said.</returns>
    public async ValueTask<bool?> ReceiveAsync(
        Upload upload, PipeReader content, Func<Upload, ValueTask<bool>> keep, CancellationToken cancellationToken)
    {
        if (!_coming.TryAdd(upload.Id, null))
            return null;
        try
        {
            if (!await store.AddAsync(upload.Id, upload.ToJson(), upload.Size, content, cancellationToken))
                return null;
            Interlocked.Add(ref _bytes, upload.Size);
            var isKept = false;
            try
            {
                return isKept = await keep(upload);
            }
            finally
            {
                if (!isKept)
                    await RemoveAsync(upload, CancellationToken.None);
            }
        }
        finally
        {
            _coming.TryRemove(upload.Id, out _);
        }
    }

    /// <summary>Finds a file; null when there is none.</summary>
    public async ValueTask<StoredUpload?> FindAsync(string id, CancellationToken cancellationToken) =>
        await store.FindAsync(id, cancellationToken) is { } file ? Of(file) : null;

    /// <summary>Removes a file; nothing happens when there is none.</summary>
    public async ValueTask RemoveAsync(Upload upload, CancellationToken cancellationToken)
    {
        if (await store.RemoveAsync(upload.Id, cancellationToken))
            Interlocked.Add(ref _bytes, -upload.Size);
    }

    /// <inheritdoc cref="IFileStore.SweepAsync"/>
    public ValueTask SweepAsync(CancellationToken cancellationToken) => store.SweepAsync(cancellationToken);

    /// <summary>Counts what is there from before, unless that was done.</summary>
    public async ValueTask CountAsync(CancellationToken cancellationToken)
    {
        if (_isCounted)
            return;
        // What came and went until now is among them, or is not.
        var (known, bytes) = (Bytes, 0L);
        await foreach (var (upload, _) in ListAsync(cancellationToken))
            bytes += IsComing(upload.Id) ? 0 : upload.Size;
        Interlocked.Add(ref _bytes, bytes - known);
        _isCounted = true;
    }

    /// <summary>All files, in no order; those that come or go meanwhile may be among them.</summary>
    public async IAsyncEnumerable<StoredUpload> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var file in store.ListAsync(cancellationToken))
        {
            if (IsId(file.Id) && Of(file) is { } upload)
                yield return upload;
        }
    }

    private static StoredUpload? Of(IStoredFile file) => Upload.Parse(file.Note.Span) is { } upload ? new(upload, file) : null;
}
