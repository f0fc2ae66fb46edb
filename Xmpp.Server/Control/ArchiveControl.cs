using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text;
using Xmpp.Core;
using Xmpp.Core.Storage;
using Xmpp.Modules.Archive;

namespace Xmpp.Server.Control;

/// <summary>Archives as an operator manages them: in a store, or through the server that has the store open.</summary>
public interface IArchiveControl
{
    /// <param name="of">An account or a room, a host or a service.</param>
    /// <exception cref="ControlException">There is no such account.</exception>
    ValueTask<ArchiveInfo> CountAsync(Jid of, CancellationToken cancellationToken);

    /// <returns>True.</returns>
    /// <exception cref="ControlException">There is no such account.</exception>
    ValueTask<bool> LimitAsync(LimitArchiveRequest request, CancellationToken cancellationToken);

    /// <returns>How many messages were removed.</returns>
    /// <exception cref="ControlException">There is no such account.</exception>
    ValueTask<int> PurgeAsync(PurgeArchiveRequest request, CancellationToken cancellationToken);

    /// <summary>The messages of an account or a room, each a <c>&lt;result/&gt;</c> of XEP-0313.</summary>
    /// <exception cref="ControlException">There is no such account.</exception>
    IAsyncEnumerable<string> ExportAsync(Jid account, CancellationToken cancellationToken);
}

/// <summary>Archives in a store that this process has open.</summary>
public sealed class StoreArchives(IStore store) : IArchiveControl
{
    /// <summary>Messages that are removed or read at once.</summary>
    private const int StepMessages = 500;

    private readonly ArchiveLimitBook _limits = new(store.Settings, store.AccountData);

    public async ValueTask<ArchiveInfo> CountAsync(Jid of, CancellationToken cancellationToken)
    {
        if (of.Local is not null)
            await RequireAsync(of, cancellationToken);
        var statistics = await store.Archive.CountAllAsync(of.Domain, of.Local is null ? null : of, cancellationToken);
        var limits = await _limits.FindAsync(of, cancellationToken);
        return new(
            of, statistics.Messages, statistics.Bytes, statistics.Oldest, statistics.Newest, limits.MaxAge, limits.MaxMessages);
    }

    public async ValueTask<bool> LimitAsync(LimitArchiveRequest request, CancellationToken cancellationToken)
    {
        if (request.Of.Local is not null)
            await RequireAsync(request.Of, cancellationToken);
        return await _limits.SetAsync(request.Of, new(request.MaxAge, request.MaxMessages), cancellationToken)
            ? true
            : throw new ControlException("A room has no limits of its own: set those of its service.");
    }

    public async ValueTask<int> PurgeAsync(PurgeArchiveRequest request, CancellationToken cancellationToken)
    {
        await RequireAsync(request.Jid, cancellationToken);
        var (total, removed) = (0, StepMessages);
        for (; removed == StepMessages; total += removed)
        {
            removed = await store.Archive.RemoveAsync(
                request.Jid, request.Before, request.With, request.Keep, StepMessages, cancellationToken);
        }
        return total;
    }

    public async IAsyncEnumerable<string> ExportAsync(Jid account, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await RequireAsync(account, cancellationToken);
        var output = new ArrayBufferWriter<byte>(1024);
        for (var query = new ArchiveQuery(); ;)
        {
            // What the last page ended with may have been removed since.
            var page = await store.Archive.ReadAsync(account, query, StepMessages, isFromEnd: false, cancellationToken)
                ?? throw new ControlException("The messages that were exported last have been removed meanwhile.");
            foreach (var message in page.Messages)
            {
                output.ResetWrittenCount();
                ArchiveResults.Write(output, queryId: null, message);
                yield return Encoding.UTF8.GetString(output.WrittenSpan);
            }
            if (page.IsComplete)
                yield break;
            query = query with { After = page.Messages[^1].Id };
        }
    }

    private async ValueTask RequireAsync(Jid account, CancellationToken cancellationToken)
    {
        if (await store.Accounts.FindAsync(account, cancellationToken) is null
            && await store.Rooms.FindAsync(account, cancellationToken) is null)
            throw RosterControl.NoSuchAccount(account);
    }
}
