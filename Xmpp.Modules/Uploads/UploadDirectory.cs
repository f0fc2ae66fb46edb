using System.Collections.Concurrent;
using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Storage;

namespace Xmpp.Modules.Uploads;

/// <summary>How much there is.</summary>
/// <param name="Files">Uploaded and not expired.</param>
/// <param name="Bytes">Of all of them.</param>
/// <param name="MaxBytes">Of all of them at most; 0: no limit.</param>
public sealed record UploadTotals(int Files, long Bytes, long MaxBytes);

/// <summary>What has been uploaded, whatever the configuration becomes meanwhile.</summary>
public sealed class UploadDirectory : IAsyncDisposable
{
    private readonly IServerTasks _tasks;
    private readonly Func<UploadOptions> _options;
    private readonly ConcurrentDictionary<Jid, IReadOnlyCollection<Upload>> _removed = new();
    private ITimer? _timer;
    private int _isRunning;

    /// <param name="files">Where files are kept.</param>
    /// <param name="secret">By which slots are signed.</param>
    /// <param name="options">Those in force.</param>
    public UploadDirectory(
        IFileStore files, IAccountDataStore data, ISessionDirectory sessions, IServerTasks tasks, byte[] secret,
        Func<UploadOptions> options, TimeProvider time)
    {
        (_tasks, _options, Time) = (tasks, options, time);
        Files = new UploadFiles(files);
        Slots = new UploadSlots(secret);
        Book = new UploadBook(data, sessions, Files, options, time);
    }

    internal UploadFiles Files { get; }

    internal UploadSlots Slots { get; }

    internal UploadBook Book { get; }

    internal TimeProvider Time { get; }

    /// <summary>Begins: removes what was left, now and again and again.</summary>
    public void Start()
    {
        _timer = Time.CreateTimer(_ => Sweep(), null, Files.SweepInterval, Files.SweepInterval);
        _isRunning = 1;
        _tasks.Run("Counting of uploaded files", SweepAsync);
    }

    public ValueTask DisposeAsync() => _timer?.DisposeAsync() ?? default;

    /// <summary>What accounts of a host, or one account, have.</summary>
    /// <param name="of">A host or a bare JID; null: everybody.</param>
    public IAsyncEnumerable<Upload> ListAsync(Jid? of, CancellationToken cancellationToken)
    {
        var now = Time.GetUtcNow();
        return Files.ListAsync(cancellationToken).Select(file => file.Upload).Where(upload => !upload.IsExpired(now)
            && upload.Owner is var owner && (of is null || owner == of || (of.Local is null && owner.Domain == of.Domain)));
    }

    /// <summary>How much that is.</summary>
    public async ValueTask<UploadTotals> CountAsync(Jid? of, CancellationToken cancellationToken)
    {
        var (files, bytes) = (0, 0L);
        await foreach (var upload in ListAsync(of, cancellationToken))
            (files, bytes) = (files + 1, bytes + upload.Size);
        return new(files, bytes, _options().ServiceBytes);
    }

    /// <summary>Removes a file.</summary>
    /// <returns>False when there is none.</returns>
    public async ValueTask<bool> RemoveAsync(string id, CancellationToken cancellationToken)
    {
        if (!UploadFiles.IsId(id) || await Files.FindAsync(id, cancellationToken) is not { } file)
            return false;
        await Book.RemoveAsync(file.Upload, cancellationToken);
        await Files.RemoveAsync(file.Upload, cancellationToken);
        return true;
    }

    /// <summary>The file that is at an address; null when it is none of ours, or nothing is there.</summary>
    internal async ValueTask<StoredUpload?> FindAsync(string address, IHttpAddresses web, CancellationToken cancellationToken)
    {
        if (!Uri.TryCreate(address, UriKind.Absolute, out var uri) || uri.Segments is not [.., var directory, _]
            || directory.TrimEnd('/') is var id && !UploadFiles.IsId(id)
            || await Files.FindAsync(id, cancellationToken) is not { } file
            || UploadRequests.AddressOf(file.Upload, web) is not { } own || new Uri(own) != uri)
        {
            return null;
        }
        return await Book.HasAsync(file.Upload, cancellationToken) ? file : null;
    }

    /// <inheritdoc cref="UploadBook.FindQuotaAsync"/>
    public ValueTask<long> FindQuotaAsync(Jid account, CancellationToken cancellationToken) =>
        Book.FindQuotaAsync(account, cancellationToken);

    /// <inheritdoc cref="UploadBook.SetQuotaAsync"/>
    public ValueTask<bool> SetQuotaAsync(Jid account, long? bytes, CancellationToken cancellationToken) =>
        Book.SetQuotaAsync(account, bytes, cancellationToken);

    /// <summary>An account is about to go.</summary>
    internal async ValueTask NoteRemovalAsync(Jid account) => _removed[account] = await Book.ListAsync(account, CancellationToken.None);

    /// <summary>Its files go with it.</summary>
    internal async ValueTask ForgetAsync(Jid account)
    {
        await Book.ForgetAsync(account);
        if (!_removed.TryRemove(account, out var uploads))
            return;
        try
        {
            foreach (var upload in uploads)
                await Files.RemoveAsync(upload, CancellationToken.None);
        }
        catch (StoreException failure)
        {
            _tasks.Note($"Files of {account}, which is gone, are removed later: {failure.Message}");
        }
    }

    private void Sweep()
    {
        if (Interlocked.Exchange(ref _isRunning, 1) == 0)
            _tasks.Run("Removal of uploaded files that are over", SweepAsync);
    }

    /// <summary>Removes what has expired, and what no account has.</summary>
    private async ValueTask SweepAsync(CancellationToken cancellationToken)
    {
        try
        {
            await Files.SweepAsync(cancellationToken);
            await Files.CountAsync(cancellationToken);
            await foreach (var file in Files.ListAsync(cancellationToken))
            {
                cancellationToken.ThrowIfCancellationRequested();
                var isComing = Files.IsComing(file.Upload.Id);
                if (file.Upload.IsExpired(Time.GetUtcNow()))
                    await Book.RemoveAsync(file.Upload, cancellationToken);
                else if (isComing || !file.File.IsSettled || await Book.HasAsync(file.Upload, cancellationToken))
                    continue;
                await Files.RemoveAsync(file.Upload, cancellationToken);
            }
        }
        finally
        {
            _isRunning = 0;
        }
    }
}
