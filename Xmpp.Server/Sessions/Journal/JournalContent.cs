using System.Text;
using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Modules;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;

namespace Xmpp.Server.Sessions.Journal;

/// <summary>A session that a process has left behind.</summary>
/// <param name="Details">Null when it had none yet.</param>
/// <param name="Stanzas">What its client hasn't acknowledged, in order.</param>
internal sealed record LeftSession(SessionRecord Session, DetailsRecord? Details, IReadOnlyList<StanzaRecord> Stanzas);

/// <summary>A way to another server that a process has left behind.</summary>
/// <param name="Stanzas">What the other server hasn't acknowledged, sent or not, in order.</param>
internal sealed record LeftLink(LinkRecord Link, IReadOnlyList<byte[]> Stanzas);

/// <summary>What a process has left behind in its journal, made whole.</summary>
/// <param name="IsTrusted">False when there is a file, but the system ended after it was last written: nothing of it counts.</param>
/// <param name="Archives">What has to be in archives, if it isn't.</param>
/// <param name="Undone">What must not be in archives, if it is: messages that didn't come to be handled.</param>
/// <param name="PartlySent">Of those in archives the ones that maybe not everybody has.</param>
internal sealed record JournalContent(
    bool IsTrusted, IReadOnlyList<LeftSession> Sessions, IReadOnlyList<ArchiveRecord> Archives, IReadOnlyList<ArchiveRecord> Undone,
    IReadOnlyList<PartlySentMessage> PartlySent)
{
    public static JournalContent Empty { get; } = new(true, [], [], [], []);

    /// <summary>Ways to other servers, those by which something has to be brought over.</summary>
    public IReadOnlyList<LeftLink> Links { get; private init; } = [];

    /// <summary>Streams that other servers may resume.</summary>
    public IReadOnlyList<RemoteRecord> Remotes { get; private init; } = [];

    /// <exception cref="IOException">The file can't be read.</exception>
    public static JournalContent Read(string path)
    {
        var sessions = new Dictionary<long, SessionRecord>();
        var details = new Dictionary<long, DetailsRecord>();
        var links = new Dictionary<long, LinkRecord>();
        var remotes = new List<RemoteRecord>();
        var stanzas = new List<StanzaRecord>();
        var archives = new List<ArchiveRecord>();
        var isTrusted = JournalFile.TryRead(path, (kind, content) =>
        {
            switch (kind)
            {
                case BlockKind.Session:
                    var session = JournalRecords.ReadSession(content);
                    sessions[session.Number] = session;
                    break;
                case BlockKind.Details:
                    var detail = JournalRecords.ReadDetails(content);
                    if (!details.TryGetValue(detail.Session, out var other) || other.Generation < detail.Generation)
                        details[detail.Session] = detail;
                    break;
                case BlockKind.Link:
                    var link = JournalRecords.ReadLink(content);
                    if (!links.TryGetValue(link.Number, out var former) || former.Generation < link.Generation)
                        links[link.Number] = link;
                    break;
                case BlockKind.Remote:
                    remotes.Add(JournalRecords.ReadRemote(content));
                    break;
                case BlockKind.Stanza:
                    stanzas.Add(JournalRecords.ReadStanza(content));
                    break;
                case BlockKind.Archive:
                    archives.Add(JournalRecords.ReadArchive(content));
                    break;
            }
        });
        return isTrusted ? Complete(sessions, details, links, remotes, stanzas, archives) : Empty with { IsTrusted = false };
    }

    /// <summary>Sees to it that the stores have what was handled and nothing else, a few messages at a time: a slow one has to bear it.</summary>
    /// <exception cref="StoreException">They can't.</exception>
    public async Task CompleteStoresAsync(IStore store)
    {
        foreach (var some in Archives.SelectMany(archive => archive.Entries).Chunk(500))
            await store.Archive.AddAsync(some, CancellationToken.None);
        await Parallel.ForEachAsync(
            Undone.SelectMany(archive => archive.Entries), new ParallelOptions { MaxDegreeOfParallelism = 16 },
            async (message, _) => await UndoAsync(store, message));
    }

    private static async ValueTask UndoAsync(IStore store, ArchiveEntry message)
    {
        await store.Archive.RemoveAsync(message.Account, message.Id, CancellationToken.None);
        if (!message.IsIncoming)
            return;
        // It may wait for the account as well.
        var id = message.Id.ToString();
        var last = 0L;
        while (await store.Offline.ReadAsync(message.Account, last, 100, CancellationToken.None) is { Count: > 0 } page)
        {
            foreach (var waiting in page)
            {
                last = waiting.Id;
                if (waiting.Stanza.Span.IndexOf(Encoding.ASCII.GetBytes(id)) >= 0
                    && StanzaId.Find(Element.Parse(waiting.Stanza, Namespaces.Client), message.Account) == id)
                {
                    await store.Offline.RemoveAsync(message.Account, last, last, CancellationToken.None);
                    return;
                }
            }
        }
    }

    /// <summary>Completes, or undoes, what was being done when the process ended: see <see cref="SessionJournal"/>.</summary>
    private static JournalContent Complete(
        Dictionary<long, SessionRecord> sessions, Dictionary<long, DetailsRecord> details, Dictionary<long, LinkRecord> links,
        List<RemoteRecord> remotes, List<StanzaRecord> stanzas, List<ArchiveRecord> archives)
    {
        var handled = sessions.Values.Select(session => (session.Number, session.Handled))
            .Concat(remotes.Select(remote => (remote.Number, remote.Handled)))
            .ToDictionary(sender => sender.Number, sender => sender.Handled);

        bool IsHandled(ArchiveRecord archive) =>
            !handled.TryGetValue(archive.Origin.Session, out var count) || !IsBehind(archive.Origin.Stanza, count);

        var underWay = archives.Where(archive => !IsHandled(archive)).ToList();
        foreach (var stanza in stanzas)
        {
            if (handled.TryGetValue(stanza.Origin.Session, out var count) && IsBehind(stanza.Origin.Stanza, count))
                handled[stanza.Origin.Session] = stanza.Origin.Stanza;
        }
        var queues = stanzas.ToLookup(stanza => stanza.Session);

        IReadOnlyList<StanzaRecord> Unacknowledged(long number, uint acknowledged) =>
        [
            .. queues[number]
                .Where(stanza => IsBehind(stanza.Number, acknowledged))
                .OrderBy(stanza => unchecked(stanza.Number - acknowledged)),
        ];

        var copies = stanzas.ToLookup(stanza => stanza.Origin);
        return new(
            IsTrusted: true,
            [.. sessions.Values.Select(session => new LeftSession(
                session with { Handled = handled[session.Number] },
                details.GetValueOrDefault(session.Number),
                Unacknowledged(session.Number, session.Acknowledged)))],
            [.. archives.Where(IsHandled)],
            [.. archives.Where(archive => !IsHandled(archive))],
            [.. underWay.Where(IsHandled).SelectMany(archive => archive.Entries, (archive, entry) => new PartlySentMessage(
                entry,
                copies[archive.Origin].Select(copy => sessions.GetValueOrDefault(copy.Session)?.Jid).OfType<Jid>().ToHashSet()))])
        {
            Links = [.. links.Values
                .Select(link => new LeftLink(
                    link, [.. Unacknowledged(link.Number, link.Acknowledged).Select(stanza => stanza.Stanza)]))
                .Where(link => link.Stanzas.Count > 0)],
            Remotes = [.. remotes.Select(remote => remote with { Handled = handled[remote.Number] })],
        };
    }

    /// <summary>Whether a number comes later than a count, modulo 2^32.</summary>
    private static bool IsBehind(uint number, uint count) => unchecked((int)(number - count)) > 0;
}
