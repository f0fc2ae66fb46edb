using Xmpp.Core;
using Xmpp.Core.Sasl;
using Xmpp.Core.Storage;
using Xmpp.Modules.Archive;
using Xmpp.Modules.Portability;

namespace Xmpp.Ctl;

/// <summary>What an import has done, or would.</summary>
/// <param name="Users">Accounts.</param>
/// <param name="Contacts">Roster entries.</param>
/// <param name="Messages">Offline messages.</param>
/// <param name="Archived">Messages of archives.</param>
/// <param name="WithoutPassword">Accounts that nobody can log in to before they get one.</param>
/// <param name="LeftOut">What wasn't taken over, by name, and how often.</param>
internal sealed record PortableReport(
    int Users, long Contacts, long Messages, long Archived, IReadOnlyList<Jid> WithoutPassword, IReadOnlyDictionary<string, long> LeftOut);

/// <summary>
/// Puts the users of XEP-0227 documents into a store. An account is disabled until it is complete, so that nobody uses half of one.
/// </summary>
/// <param name="paths">The documents.</param>
/// <param name="store">That no server uses.</param>
/// <param name="iterations">PBKDF2 iterations for the keys of passwords in the clear.</param>
/// <param name="replace">Whether accounts that exist are deleted first.</param>
internal sealed class PortableImport(IReadOnlyList<string> paths, IStore store, int iterations, bool replace)
{
    private const int BatchRecords = 500;
    private const int BatchBytes = 4 * 1024 * 1024;

    private readonly List<StoreRecord> _batch = [];
    private readonly List<ArchiveEntry> _archived = [];
    private int _batchBytes;

    /// <summary>Reads everything and changes nothing.</summary>
    /// <param name="requireServed">Throws when a host isn't.</param>
    /// <returns>How many users there are.</returns>
    /// <exception cref="PortableException">It can't be imported.</exception>
    public async Task<int> CheckAsync(Action<string> requireServed, CancellationToken cancellationToken)
    {
        var users = new HashSet<Jid>();
        foreach (var part in paths.SelectMany(path => new PortableReader(path, new()).Read()))
        {
            cancellationToken.ThrowIfCancellationRequested();
            switch (part)
            {
                case PortableUserStart:
                    requireServed(part.Account.Domain);
                    if (!users.Add(part.Account))
                        throw new PortableException($"{part.Account} is there twice.");
                    if (!replace && await store.Accounts.FindAsync(part.Account, cancellationToken) is not null)
                    {
                        throw new PortableException(
                            $"{part.Account} exists already. With --replace, accounts that exist are deleted first.");
                    }
                    break;
            }
        }

        return users.Count;
    }

    /// <param name="report">Is called with the number of users that are there.</param>
    /// <exception cref="PortableException">It is no such document any more.</exception>
    /// <exception cref="StoreException">The users before the one that failed are there; that one is disabled.</exception>
    public async Task<PortableReport> RunAsync(DateTimeOffset now, Action<int> report, CancellationToken cancellationToken)
    {
        var leftOut = new LeftOut();
        var withoutPassword = new List<Jid>();
        var (users, contacts, messages, archived) = (0, 0L, 0L, 0L);
        ArchiveImport? archive = null;
        NodeImport? nodes = null;
        foreach (var part in paths.SelectMany(path => new PortableReader(path, leftOut).Read()))
        {
            switch (part)
            {
                case PortableUserStart start:
                    cancellationToken.ThrowIfCancellationRequested();
                    await BeginAsync(start, now);
                    archive = new(start.Account, now);
                    nodes = new(start.Account, store.PubSub, now, leftOut);
                    break;
                case PortableMessage message:
                    await AddAsync(new MessageRecord(message.Account, message.At ?? now, message.Stanza), message.Stanza.Length);
                    messages++;
                    break;
                case PortableArchived message:
                    if (archive!.Next(message.Id, message.At, message.Stanza) is { } entry)
                    {
                        await AddAsync(entry);
                        archived++;
                    }
                    else
                    {
                        leftOut.Add("an archived message that isn't the account's");
                    }
                    break;
                case PortableNode node:
                    await nodes!.AddAsync(node.Node);
                    break;
                case PortableItem item:
                    await nodes!.AddAsync(item);
                    break;
                case PortableUser user:
                    await nodes!.FlushAsync();
                    if (!await CompleteAsync(user))
                        withoutPassword.Add(user.Account);
                    contacts += user.Roster.Count;
                    report(++users);
                    break;
            }
        }

        return new(users, contacts, messages, archived, withoutPassword, leftOut.Counts);
    }

    private async Task BeginAsync(PortableUserStart start, DateTimeOffset now)
    {
        if (replace)
            await store.Accounts.DeleteAsync(start.Account, CancellationToken.None);
        var account = new Account(start.Account, Keys: [], Enabled: false, start.Created ?? now, LastLogin: null);
        if (!await store.Accounts.AddAsync(account, CancellationToken.None))
            throw new PortableException($"{start.Account} has been made meanwhile.");
    }

    /// <returns>Whether anybody can log in.</returns>
    private async Task<bool> CompleteAsync(PortableUser user)
    {
        var version = (await store.Rosters.LoadAsync(user.Account, CancellationToken.None))!.Version;
        foreach (var entry in user.Roster)
            await AddAsync(new ContactRecord(user.Account, entry with { Version = version }), bytes: 1024);
        foreach (var blocked in user.Blocked)
            await AddAsync(new BlockedRecord(user.Account, blocked), bytes: 1024);
        foreach (var data in user.Data)
            await AddAsync(data, data.Value.Length);
        if (user.Seen is { } seen)
            await AddAsync(new LastSeenRecord(user.Account, seen), seen.Presence.Length);
        await SendAsync();

        var keys = MakeKeys(user);
        await store.Accounts.SetKeysAsync(user.Account, keys, CancellationToken.None);
        if (user.LastLogin is { } login)
            await store.Accounts.SetLastLoginAsync(user.Account, login, CancellationToken.None);
        if (user.Enabled)
            await store.Accounts.SetEnabledAsync(user.Account, true, CancellationToken.None);
        return keys.Count > 0;
    }

    private IReadOnlyList<ScramKeys> MakeKeys(PortableUser user)
    {
        try
        {
            return user.Password is { } password ? PasswordKeys.Create(password, iterations) : user.Keys;
        }
        catch (FormatException)
        {
            // What can't be typed here; the keys are of the same.
            return user.Keys;
        }
    }

    private ValueTask AddAsync(ArchiveEntry message)
    {
        _archived.Add(message);
        _batchBytes += message.Stanza.Length;
        return _archived.Count >= BatchRecords || _batchBytes >= BatchBytes ? SendAsync() : default;
    }

    private ValueTask AddAsync(StoreRecord record, int bytes)
    {
        _batch.Add(record);
        _batchBytes += bytes;
        return _batch.Count >= BatchRecords || _batchBytes >= BatchBytes ? SendAsync() : default;
    }

    private async ValueTask SendAsync()
    {
        if (_batch.Count > 0)
            await store.Transfer.RestoreAsync([.. _batch], CancellationToken.None);
        if (_archived.Count > 0)
            await store.Archive.AddAsync([.. _archived], CancellationToken.None);
        _batch.Clear();
        _archived.Clear();
        _batchBytes = 0;
    }
}
