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
    /// <summary>How long files may stay that are over.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromHours(1);

    private readonly IServerTasks _tasks;
    private readonly Func<UploadOptions> _options;
    private readonly ConcurrentDictionary<Jid, IReadOnlyCollection<Upload>> _removed = new();
    private ITimer? _timer;
    private int _isRunning;

    /// <param name="directory">Where files are kept.</param>
    /// <param name="secret">By which slots are signed.</param>
    /// <param name="options">Those in force.</param>
    public UploadDirectory(
        string directory, IAccountDataStore data, ISessionDirectory sessions, IServerTasks tasks, byte[] secret,
        Func<UploadOptions> options, TimeProvider time)
    {
        (_tasks, _options, Time) = (tasks, options, time);
        Files = new UploadFiles(directory);
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
        Files.RemoveIncoming();
        _timer = Time.CreateTimer(_ => Sweep(), null, Interval, Interval);
        _isRunning = 1;
        _tasks.Run("Counting of uploaded files", cancellationToken =>
        {
            Files.Count();
            return SweepAsync(cancellationToken);
        });
    }

    public ValueTask DisposeAsync() => _timer?.DisposeAsync() ?? default;

    /// <summary>What accounts of a host, or one account, have.</summary>
    /// <param name="of">A host or a bare JID; null: everybody.</param>
    public IEnumerable<Upload> List(Jid? of)
    {
        var now = Time.GetUtcNow();
        return Files.List().Select(file => file.Upload).Where(upload => !upload.IsExpired(now) && upload.Owner is var owner
            && (of is null || owner == of || (of.Local is null && owner.Domain == of.Domain)));
    }

    /// <summary>How much that is.</summary>
    public UploadTotals Count(Jid? of)
    {
        var uploads = List(of).ToList();
        return new(uploads.Count, uploads.Sum(upload => upload.Size), _options().ServiceBytes);
    }

    /// <summary>Removes a file.</summary>
    /// <returns>False when there is none.</returns>
    public async ValueTask<bool> RemoveAsync(string id, CancellationToken cancellationToken)
    {
        if (!UploadFiles.IsId(id) || Files.Find(id) is not { } file)
            return false;
        await Book.RemoveAsync(file.Upload, cancellationToken);
        Files.Remove(file.Upload);
        return true;
    }

    /// <summary>The file that is at an address; null when it is none of ours, or nothing is there.</summary>
    internal async ValueTask<StoredUpload?> FindAsync(string address, IHttpAddresses web, CancellationToken cancellationToken)
    {
        if (!Uri.TryCreate(address, UriKind.Absolute, out var uri) || uri.Segments is not [.., var directory, _]
            || directory.TrimEnd('/') is var id && !UploadFiles.IsId(id)
            || Files.Find(id) is not { } file || UploadRequests.AddressOf(file.Upload, web) is not { } own || new Uri(own) != uri)
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
        foreach (var upload in uploads)
            Files.Remove(upload);
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
            foreach (var file in Files.List())
            {
                cancellationToken.ThrowIfCancellationRequested();
                var isComing = Files.IsComing(file.Upload.Id);
                if (file.Upload.IsExpired(Time.GetUtcNow()))
                    await Book.RemoveAsync(file.Upload, cancellationToken);
                else if (isComing || await Book.HasAsync(file.Upload, cancellationToken))
                    continue;
                Files.Remove(file.Upload);
            }
        }
        finally
        {
            _isRunning = 0;
        }
    }
}
