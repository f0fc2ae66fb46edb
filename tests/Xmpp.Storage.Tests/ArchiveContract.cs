using System.Text;
using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Storage;
using Xunit;

namespace Xmpp.Storage.Tests;

/// <summary>What the contracts of archives have in common.</summary>
/// <param name="isOfRooms">Whether those who have archives are rooms.</param>
public abstract class ArchiveContract(TestDatabase database, bool isOfRooms = false) : StoreContract(database)
{
    protected static readonly ArchiveQuery Everything = new();

    private int _ids;

    protected IArchiveStore Archive => Store.Archive;

    protected override async Task AddAccountsAsync(params Jid[] accounts)
    {
        if (!isOfRooms)
        {
            await base.AddAccountsAsync(accounts);
            return;
        }

        foreach (var jid in accounts)
        {
            var settings = new RoomSettings(null, IsListed: true, IsPersistent: true, new Dictionary<string, string>());
            Assert.True(await Store.Rooms.AddAsync(new(jid, Created, settings, null, []), CancellationToken.None));
        }
    }

    protected override async Task RenewAccountAsync(Jid account)
    {
        if (!isOfRooms)
        {
            await base.RenewAccountAsync(account);
            return;
        }

        Assert.True(await Store.Rooms.RemoveAsync(account, CancellationToken.None));
        await AddAccountsAsync(account);
    }

    /// <summary>An id of a second behind <see cref="StoreContract.Created"/>, behind those made before for the same.</summary>
    protected SortableId IdAt(double seconds) =>
        new(((UInt128)Created.AddSeconds(seconds).ToUnixTimeMilliseconds() << 80) + (UInt128)(uint)Interlocked.Increment(ref _ids));

    protected ArchiveEntry Message(
        string body, double at = 0, Jid? account = null, string with = "romeo@montague.example/orchard", bool isIncoming = true,
        bool isShown = true, SortableId? id = null, string? text = null) =>
        new(account ?? Juliet, id ?? IdAt(at), Jid.Parse(with), isIncoming, Encoding.UTF8.GetBytes(body), text ?? body, isShown);

    protected async Task<ArchiveEntry> AddAsync(ArchiveEntry message)
    {
        await Archive.AddAsync([message], CancellationToken.None);
        return message;
    }

    protected async Task<ArchiveEntry[]> AddAsync(params ArchiveEntry[] messages)
    {
        await Archive.AddAsync(messages, CancellationToken.None);
        return messages;
    }

    protected async Task<ArchivePage?> ReadPageAsync(
        ArchiveQuery query, int count = int.MaxValue - 1, bool isFromEnd = false, Jid? account = null) =>
        await Archive.ReadAsync(account ?? Juliet, query, count, isFromEnd, CancellationToken.None);

    protected async Task<IEnumerable<string>> ReadAsync(
        ArchiveQuery query, int count = int.MaxValue - 1, bool isFromEnd = false, Jid? account = null) =>
        (await ReadPageAsync(query, count, isFromEnd, account))!.Messages.Select(Body);

    protected async Task<int> CountAsync(ArchiveQuery query, int limit = int.MaxValue, Jid? account = null) =>
        await Archive.CountAsync(account ?? Juliet, query, limit, CancellationToken.None);

    protected static string Body(ArchiveEntry message) => Encoding.UTF8.GetString(message.Stanza.Span);
}
