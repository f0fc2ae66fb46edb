using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;

namespace Xmpp.Modules.Archive;

/// <summary>Reads the pages that somebody wants of an archive, whoever's it is.</summary>
internal sealed class ArchivePages(IArchiveStore archive)
{
    /// <summary>No further messages are counted for a client that asks for their number.</summary>
    internal const int CountLimit = 10_000;

    /// <summary>Messages that a filter may look at for one page, and how many at once.</summary>
    private const int MaxLookedAt = 5_000;
    private const int StepMessages = 250;

    /// <param name="owner">Whose archive it is.</param>
    /// <param name="isWanted">What the store can't look for; null: all that the request finds.</param>
    /// <returns>How the request is answered, and the messages that go before that.</returns>
    public async ValueTask<(IqReply Reply, IReadOnlyList<ArchiveEntry> Messages)> ReadAsync(
        Jid owner, ArchiveRequest request, ArchiveOptions options, Func<ArchiveEntry, bool>? isWanted, CancellationToken cancellationToken)
    {
        // Both ends at once; the store has room for one of each.
        if (request.AlsoThere is { Count: > 0 } alsoThere
            && await archive.ReadAsync(owner, new() { Ids = alsoThere }, alsoThere.Count, isFromEnd: false, cancellationToken) is null)
        {
            return (IqReply.Failed(StanzaErrorCondition.ItemNotFound), []);
        }
        var found = isWanted is null
            ? await archive.ReadAsync(owner, request.Query, request.Count, request.IsFromEnd, cancellationToken)
            : await ReadWantedAsync(owner, request, isWanted, cancellationToken);
        if (found is not { } page)
            return (IqReply.Failed(StanzaErrorCondition.ItemNotFound), []);
        if (request.Count == 0)
        {
            // What only a filter knows is not counted.
            int? count = isWanted is null ? await archive.CountAsync(owner, request.Query, CountLimit, cancellationToken) : null;
            return (IqReply.Result(Fin(page.IsComplete, new ResultSet(Count: count))), []);
        }
        var messages = ArchiveResults.Cut(page.Messages, options.PageBytes, request.IsFromEnd);
        var isComplete = page.IsComplete && messages.Count == page.Messages.Count;
        return (IqReply.Result(Fin(isComplete, messages is [var first, ..]
            ? new ResultSet(first.Id.ToString(), messages[^1].Id.ToString())
            : new ResultSet())), messages);
    }

    private async ValueTask<ArchivePage?> ReadWantedAsync(
        Jid owner, ArchiveRequest request, Func<ArchiveEntry, bool> isWanted, CancellationToken cancellationToken)
    {
        var (found, query, isFromEnd) = (new List<ArchiveEntry>(), request.Query, request.IsFromEnd);
        for (var left = MaxLookedAt; left > 0; left -= StepMessages)
        {
            if (await archive.ReadAsync(owner, query, StepMessages, isFromEnd, cancellationToken) is not { } page)
                return null;
            found.AddRange((isFromEnd ? page.Messages.Reverse() : page.Messages).Where(isWanted));
            if (found.Count > request.Count || page.IsComplete)
                return ToPage(isComplete: found.Count <= request.Count);
            query = isFromEnd ? query with { Before = page.Messages[0].Id } : query with { After = page.Messages[^1].Id };
        }
        return found.Count > 0 ? ToPage(isComplete: false) : throw new StoreException(
            StanzaErrorCondition.ResourceConstraint, "Too many messages would have to be looked at: ask for a shorter time.");

        ArchivePage ToPage(bool isComplete)
        {
            var page = found.Take(request.Count);
            return new([.. isFromEnd ? page.Reverse() : page], isComplete);
        }
    }

    private static Element Fin(bool isComplete, ResultSet set) => new(MessageArchive.Ns, "fin",
        Element.Attr("complete", isComplete ? "true" : null), set.ToElement());
}
