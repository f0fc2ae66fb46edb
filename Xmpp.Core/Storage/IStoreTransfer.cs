namespace Xmpp.Core.Storage;

/// <summary>What belongs to no account, no room and no node; little.</summary>
/// <param name="Hosts">Those that have accounts, in the order of their UTF-8 octets.</param>
/// <param name="Services">Those that have rooms, in the same order.</param>
/// <param name="NodeServices">Those that have nodes, in the same order.</param>
/// <param name="Settings">By host and name in the order of their UTF-8 octets; without those of no host ("").</param>
/// <param name="Secrets">By name.</param>
/// <param name="RetiredRosterVersion">The highest version of a roster that is gone; 0 when there was none.</param>
public sealed record StoreCommons(
    IReadOnlyList<string> Hosts, IReadOnlyList<string> Services, IReadOnlyList<string> NodeServices, IReadOnlyList<SettingRecord> Settings,
    IReadOnlyList<SecretRecord> Secrets, long RetiredRosterVersion);

/// <summary>
/// For moving a store's content to another one: what the other interfaces, made for a server that works, can't say. Nobody else
/// uses the store meanwhile. A completed task means durably committed; failures are <see cref="StoreException"/>.
/// </summary>
public interface IStoreTransfer
{
    ValueTask<StoreCommons> ReadCommonsAsync(CancellationToken cancellationToken);

    /// <summary>All values of an account, by kind and key in the order of their UTF-8 octets.</summary>
    ValueTask<IReadOnlyList<DataRecord>> ReadDataAsync(Jid account, CancellationToken cancellationToken);

    /// <summary>
    /// A page of all hosts' invitations that may still be used at this time, in the order of their tokens' UTF-8 octets, beginning
    /// behind <paramref name="after"/> ("": the first).
    /// </summary>
    ValueTask<IReadOnlyList<Invitation>> ReadInvitationsAsync(
        string after, DateTimeOffset now, int count, CancellationToken cancellationToken);

    /// <summary>How many records of each kind there are; of invitations, those that may still be used at this time.</summary>
    ValueTask<StoreCounts> CountAsync(DateTimeOffset now, CancellationToken cancellationToken);

    /// <summary>
    /// Puts records into the store exactly as they are, in their order, which is the one that <see cref="StoreRecord"/> states. A
    /// batch that fails may have been restored in part; a setting of it then only with all that comes before.
    /// </summary>
    /// <param name="batch">A few thousand at most; what belongs to an account, room or node may be spread over several.</param>
    /// <exception cref="StoreException">
    /// The database fails; or there is an account, room or node of that name already, or none of that name, or a part of one twice. Settings,
    /// secrets and the retired version replace what was there.
    /// </exception>
    ValueTask RestoreAsync(IReadOnlyList<StoreRecord> batch, CancellationToken cancellationToken);
}
