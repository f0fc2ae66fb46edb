using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;

namespace Xmpp.Modules.Uploads;

/// <summary>
/// What accounts have uploaded, kept as their data: it goes and moves with them. The files themselves are <see cref="UploadFiles"/>'.
/// </summary>
internal sealed class UploadBook(
    IAccountDataStore data, ISessionDirectory sessions, UploadFiles files, Func<UploadOptions> options, TimeProvider time)
{
    private const string Kind = "upload";
    private const string QuotaKind = "upload-quota";

    /// <summary>How often an account's entries are compared with what there is.</summary>
    private static readonly TimeSpan Reconciliation = TimeSpan.FromHours(1);

    /// <summary>What nobody has begun to upload for so long is not going to be.</summary>
    private static readonly TimeSpan Forgotten = TimeSpan.FromDays(1);

    private readonly AccountCache<AccountUploads> _accounts = new(sessions, (account, ct) => LoadAsync(data, account, ct));

    /// <summary>Reserves room for a file that somebody wants to upload.</summary>
    /// <returns>Why there is none, or null.</returns>
    public ValueTask<StanzaError?> ReserveAsync(Upload upload, CancellationToken cancellationToken) =>
        _accounts.ChangeAsync<StanzaError?>(upload.Owner, async cell =>
        {
            var now = time.GetUtcNow();
            if (!QuotaOf(cell.Value).IsFarFrom(cell.Value, upload.Size) || now - cell.Value.Reconciled > Reconciliation)
                await ReconcileAsync(upload.Owner, cell, now, cancellationToken);
            if (QuotaOf(cell.Value).Check(cell.Value, upload.Size, now) is { } refusal)
                return refusal;
            cell.Value = cell.Value.Reserve(upload);
            return null;
        }, cancellationToken);

    /// <summary>Notes that a file is there.</summary>
    /// <returns>False when its account is gone, or has no room for it any more.</returns>
    public ValueTask<bool> AddAsync(Upload upload, CancellationToken cancellationToken) =>
        _accounts.ChangeAsync(upload.Owner, async cell =>
        {
            cell.Value = cell.Value.Release(upload.Id);
            // It was there, and was removed.
            if (cell.Value.Kept.ContainsKey(upload.Id))
                return false;
            if (QuotaOf(cell.Value).Check(cell.Value, upload.Size, time.GetUtcNow()) is not null)
                return false;
            if (!await SaveAsync(upload, cancellationToken))
                return false;
            cell.Value = cell.Value.Keep(upload);
            return true;
        }, cancellationToken);

    /// <summary>A slot won't be used.</summary>
    public ValueTask<bool> ReleaseAsync(Upload upload, CancellationToken cancellationToken) =>
        _accounts.ChangeAsync(upload.Owner, cell =>
        {
            cell.Value = cell.Value.Release(upload.Id);
            return new ValueTask<bool>(true);
        }, cancellationToken);

    /// <summary>Whether the account still has a file.</summary>
    public async ValueTask<bool> HasAsync(Upload upload, CancellationToken cancellationToken)
    {
        var found = _accounts.Find(upload.Owner) is { } uploads
            ? uploads.Kept.GetValueOrDefault(upload.Id)
            : await data.FindAsync(upload.Owner, Kind, upload.Id, cancellationToken) is { } value ? Upload.Parse(value.Span) : null;
        return found?.IsExpired(time.GetUtcNow()) is false;
    }

    public async ValueTask<IReadOnlyCollection<Upload>> ListAsync(Jid account, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        return [.. (await _accounts.GetAsync(account, cancellationToken)).Kept.Values.Where(upload => !upload.IsExpired(now))];
    }

    /// <summary>Forgets a file; what was uploaded within a day counts all the same.</summary>
    public ValueTask<bool> RemoveAsync(Upload upload, CancellationToken cancellationToken) =>
        _accounts.ChangeAsync(upload.Owner, cell => RemoveAsync(upload, cell, cancellationToken), cancellationToken);

    public ValueTask ForgetAsync(Jid account) => _accounts.ForgetAsync(account);

    /// <summary>What an account may have, in bytes; 0: any amount.</summary>
    public async ValueTask<long> FindQuotaAsync(Jid account, CancellationToken cancellationToken) =>
        QuotaOf(await _accounts.GetAsync(account, cancellationToken)).Bytes;

    /// <summary>Lets an account have something else than everybody; null: the same.</summary>
    /// <returns>False when there is no such account.</returns>
    public ValueTask<bool> SetQuotaAsync(Jid account, long? bytes, CancellationToken cancellationToken) =>
        _accounts.ChangeAsync(account, async cell =>
        {
            if (bytes is not { } quota)
                await data.RemoveAsync(account, QuotaKind, "", cancellationToken);
            else if (await data.SetAsync(account, QuotaKind, "", Digits(quota), new(1, 32), cancellationToken) is not AccountDataOutcome.Kept)
                return false;
            cell.Value = cell.Value with { Quota = bytes };
            return true;
        }, cancellationToken);

    private static byte[] Digits(long number) => Encoding.ASCII.GetBytes(number.ToString(CultureInfo.InvariantCulture));

    private UploadQuota QuotaOf(AccountUploads uploads) =>
        new(uploads.Quota ?? options().AccountBytes, options().AccountBytesPerDay, options().AccountFiles);

    /// <summary>Lets go of what is not there any more, whatever became of it.</summary>
    private async ValueTask ReconcileAsync(
        Jid account, AccountCache<AccountUploads>.Cell cell, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var patience = now - options().SlotTime;
        foreach (var upload in cell.Value.Reserved.Values.Where(upload =>
            upload.Created < patience && (!files.IsComing(upload.Id) || upload.Created < now - Forgotten)))
        {
            cell.Value = cell.Value.Release(upload.Id);
        }
        var old = cell.Value.Kept.Values.Where(upload => upload.Created < now - UploadQuota.Day).ToList();
        var there = await files.FindIdsAsync([.. old.Select(upload => upload.Id)], cancellationToken);
        foreach (var upload in old.Where(upload => upload.IsExpired(now) || !there.Contains(upload.Id)))
            await RemoveAsync(upload, cell, cancellationToken);
        cell.Value = cell.Value with { Reconciled = now };
    }

    private async ValueTask<bool> RemoveAsync(Upload upload, AccountCache<AccountUploads>.Cell cell, CancellationToken cancellationToken)
    {
        if (!cell.Value.Kept.ContainsKey(upload.Id))
            return false;
        var now = time.GetUtcNow();
        if (upload.Created > now - UploadQuota.Day)
        {
            var gone = upload with { Expires = now };
            await SaveAsync(gone, cancellationToken);
            cell.Value = cell.Value.Keep(gone);
        }
        else
        {
            await data.RemoveAsync(upload.Owner, Kind, upload.Id, cancellationToken);
            cell.Value = cell.Value.Forget(upload.Id);
        }
        return true;
    }

    /// <summary>How many there may be is watched over here.</summary>
    private async ValueTask<bool> SaveAsync(Upload upload, CancellationToken cancellationToken) => await data.SetAsync(
        upload.Owner, Kind, upload.Id, upload.ToJson(), new(int.MaxValue, long.MaxValue), cancellationToken) is AccountDataOutcome.Kept;

    private static async ValueTask<AccountUploads> LoadAsync(IAccountDataStore data, Jid account, CancellationToken cancellationToken)
    {
        var kept = ImmutableDictionary.CreateBuilder<string, Upload>();
        foreach (var (id, value) in await data.ListAsync(account, Kind, cancellationToken))
        {
            if (Upload.Parse(value.Span) is { } upload)
                kept.Add(id, upload);
        }
        var quota = await data.FindAsync(account, QuotaKind, "", cancellationToken) is { } text
            && long.TryParse(Encoding.ASCII.GetString(text.Span), NumberStyles.None, CultureInfo.InvariantCulture, out var bytes)
            ? bytes
            : (long?)null;
        return AccountUploads.Of(kept.ToImmutable(), quota);
    }
}
