using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Xml;

namespace Xmpp.Modules;

/// <summary>
/// XEP-0115 Entity Capabilities of connected clients. A hash that is not known is asked for once, of a client that announces it, and
/// what is answered counts for all who announce it only when it has that hash (§5.4): so nobody can speak for others.
/// </summary>
/// <param name="handlers">Those who are told when it is known what a client can do.</param>
public sealed class ClientCapabilities(IServerQueries queries, IServerTasks tasks, Func<IReadOnlyList<CapabilitiesHandler>> handlers)
    : ISessionCapabilities
{
    internal const string Ns = "http://jabber.org/protocol/caps";

    /// <summary>How many hashes are remembered, in halves: the one that is full becomes the older one, and the oldest are gone.</summary>
    private const int MaxKnown = 2000;

    /// <summary>Characters of each part of an announcement; honest ones are shorter.</summary>
    private const int MaxLength = 500;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly SessionKey<Announced> Key = new();

    private readonly Lock _lock = new();
    private readonly Dictionary<Hash, Queue<ISession>> _waiting = [];
    private Dictionary<Hash, DiscoInfo> _known = [];
    private Dictionary<Hash, DiscoInfo> _older = [];

    public DiscoInfo? Find(ISession session) => session.State.Get(Key)?.Info;

    /// <summary>Takes note of what a session announces with its presence, and finds out what that means.</summary>
    /// <param name="isInitial">Whether the session was not available before.</param>
    internal void Note(ISession session, Element presence, bool isInitial)
    {
        // §5.4, rule 1: without 'hash' it is of a format that is no longer used.
        if (presence.Child(Ns, "c") is not { } capabilities
            || capabilities["hash"] is not { Length: <= MaxLength } algorithm
            || capabilities["ver"] is not { Length: <= MaxLength } ver
            || capabilities["node"] is not { Length: <= MaxLength } node)
        {
            return;
        }
        var hash = new Hash(algorithm, ver);
        var before = session.State.Get(Key);
        if (before?.Hash == hash)
        {
            if (isInitial && before.Info is not null)
                Tell(session, null);
            return;
        }
        var could = isInitial ? null : before?.Info ?? before?.Before;
        if (TryNote(session, hash, node, could, out var isAsked))
            Tell(session, could);
        else if (!isAsked)
            Learn(session, hash);
    }

    /// <summary>Notes what a session announces; false when it isn't known what that means.</summary>
    /// <param name="isAsked">Whether somebody is being asked.</param>
    private bool TryNote(ISession session, Hash hash, string node, DiscoInfo? before, out bool isAsked)
    {
        lock (_lock)
        {
            var info = FindKnown(hash);
            session.State.Set(Key, new Announced(hash, node, info, before));
            isAsked = info is null && _waiting.ContainsKey(hash);
            if (isAsked)
                _waiting[hash].Enqueue(session);
            else if (info is null)
                _waiting.Add(hash, new([session]));
            return info is not null;
        }
    }

    private void Learn(ISession session, Hash hash) =>
        tasks.Run($"Learning the capabilities of {session.Jid}", cancellationToken => LearnAsync(hash, cancellationToken));

    /// <summary>Asks one after the other of those who announce a hash, until one answers as it should.</summary>
    private async ValueTask LearnAsync(Hash hash, CancellationToken cancellationToken)
    {
        while (Next(hash) is { } session)
        {
            if (session.State.Get(Key) is not { } announced || announced.Hash != hash
                || await AskAsync(session, announced, cancellationToken) is not { } info)
            {
                continue;
            }
            if (!CapabilitiesHash.IsSupported(hash.Algorithm))
            {
                Tell(session, hash, info); // Rule 2.3: it stands for nobody else.
            }
            else if (CapabilitiesHash.Compute(info, hash.Algorithm) == hash.Ver)
            {
                Tell(session, hash, info);
                foreach (var other in Remember(hash, info))
                    Tell(other, hash, info);
                return;
            }
        }
    }

    private async ValueTask<DiscoInfo?> AskAsync(ISession session, Announced announced, CancellationToken cancellationToken)
    {
        var query = new Element(Namespaces.DiscoInfo, "query", Element.Attr("node", $"{announced.Node}#{announced.Hash.Ver}"));
        var answer = await queries.AskAsync(session, session.Jid.Host, IqType.Get, query, Patience, cancellationToken);
        return answer?["type"] == "result" ? CapabilitiesHash.Parse(answer.Child(query.Name)) : null;
    }

    /// <summary>Who is to be asked next; null when there is nobody left, and the hash no longer waits.</summary>
    private ISession? Next(Hash hash)
    {
        lock (_lock)
        {
            if (_waiting[hash].TryDequeue(out var session))
                return session;
            _waiting.Remove(hash);
            return null;
        }
    }

    /// <returns>Those who waited for it.</returns>
    private Queue<ISession> Remember(Hash hash, DiscoInfo info)
    {
        lock (_lock)
        {
            _known[hash] = info;
            if (_known.Count >= MaxKnown / 2)
                (_known, _older) = ([], _known);
            _waiting.Remove(hash, out var waiting);
            return waiting!;
        }
    }

    private DiscoInfo? FindKnown(Hash hash)
    {
        if (_known.TryGetValue(hash, out var info))
            return info;
        if (_older.TryGetValue(hash, out info))
            _known[hash] = info;
        return info;
    }

    /// <summary>A session may announce something else by now.</summary>
    private void Tell(ISession session, Hash hash, DiscoInfo info)
    {
        Announced? announced;
        lock (_lock)
        {
            announced = session.State.Get(Key);
            if (announced?.Hash != hash)
                return;
            session.State.Set(Key, announced with { Info = info });
        }
        Tell(session, announced.Before);
    }

    private void Tell(ISession session, DiscoInfo? before)
    {
        if (handlers() is not { Count: > 0 } interested)
            return;
        tasks.Run($"Telling what {session.Jid} can do", async cancellationToken =>
        {
            foreach (var handler in interested)
                await handler(session, before, cancellationToken);
        });
    }

    private readonly record struct Hash(string Algorithm, string Ver);

    /// <param name="Info">Null as long as it isn't known.</param>
    /// <param name="Before">What it could do before, or null.</param>
    private sealed record Announced(Hash Hash, string Node, DiscoInfo? Info, DiscoInfo? Before);
}
