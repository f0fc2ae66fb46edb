using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Xml;
using Xmpp.Modules.Rosters;

namespace Xmpp.Modules;

/// <summary>
/// Entity capabilities (XEP-0115) of contacts' clients at other servers, by the presence that accounts here get of them: of contacts only
/// who see the account's presence as well. A hash that isn't known is asked for.
/// </summary>
/// <param name="rosters">Says who is a contact.</param>
/// <param name="learnt">Is told when it is known what a client can do that an account here has just heard of.</param>
public sealed class RemoteCapabilities(
    IRemoteDomains remote, RosterDirectory rosters, IServerTasks tasks, Func<IReadOnlyList<RemoteCapabilitiesHandler>> learnt)
{
    /// <summary>Contacts that are remembered, in halves: the one that is full becomes the older one, and the oldest are gone.</summary>
    private const int MaxContacts = 200_000;

    private const int MaxHashes = 2000, MaxClients = 20;

    /// <summary>Characters of each part of an announcement.</summary>
    private const int MaxLength = 500;

    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(30);

    private readonly Lock _lock = new();
    private Dictionary<Jid, ImmutableArray<RemoteClient>> _contacts = [], _older = [];
    private Dictionary<string, DiscoInfo> _infos = [];
    private readonly HashSet<string> _asked = [];

    /// <summary>The clients of somebody that are there, as far as it is known what they can do.</summary>
    /// <param name="contact">A bare JID.</param>
    public ImmutableArray<RemoteClient> Of(Jid contact)
    {
        lock (_lock)
            return Find(contact);
    }

    /// <summary>Takes note of presence that an account here got.</summary>
    internal async ValueTask NoteAsync(RemotePresence presence, CancellationToken cancellationToken)
    {
        var (client, account) = (presence.From, presence.To.Bare);
        if (presence.Type == "unavailable")
        {
            Forget(client, account);
            return;
        }
        if (presence.Type is not null || !client.IsFull || client.Local is null || !TryRead(presence.Stanza, out var hash, out var node)
            || await rosters.GetAsync(account, cancellationToken) is not { } roster || !roster.IsSubscribed(client.Bare))
        {
            return;
        }
        var (isNew, info) = Remember(client, account, hash);
        if (!isNew)
            return;
        if (info is not null)
            Tell(account, client, info);
        else if (TryAsk(hash))
            tasks.Run($"Learning the capabilities of {client}", token => LearnAsync(account, client, hash, node, token));
    }

    private static bool TryRead(Element presence, [NotNullWhen(true)] out string? hash, [NotNullWhen(true)] out string? node)
    {
        (hash, node) = (null, null);
        if (presence.Child(ClientCapabilities.Ns, "c") is not { } capabilities
            || capabilities["hash"] is not { Length: <= MaxLength } algorithm || !CapabilitiesHash.IsSupported(algorithm)
            || capabilities["ver"] is not { Length: <= MaxLength } ver
            || capabilities["node"] is not { Length: <= MaxLength } wanted)
        {
            return false;
        }
        (hash, node) = ($"{algorithm} {ver}", $"{wanted}#{ver}");
        return true;
    }

    /// <returns>Whether the account hears of it for the first time, and what it can do, if that is known.</returns>
    private (bool IsNew, DiscoInfo? Info) Remember(Jid client, Jid account, string hash)
    {
        lock (_lock)
        {
            var all = Find(client.Bare);
            var index = IndexOf(all, client);
            var before = index < 0 ? null : all[index];
            var info = _infos.GetValueOrDefault(hash);
            if (before is not null && before.Hash == hash && before.Watchers.Contains(account))
                return (before.Info is null && info is not null, info);
            var watchers = before?.Hash == hash ? before.Watchers.Add(account) : [account];
            var after = new RemoteClient(client, hash, info, watchers);
            if (index < 0 && all.Length >= MaxClients)
                all = all.RemoveAt(0);
            Set(client.Bare, index < 0 ? all.Add(after) : all.SetItem(index, after));
            return (true, info);
        }
    }

    private void Forget(Jid client, Jid account)
    {
        lock (_lock)
        {
            var all = Find(client.Bare);
            var left = all.Select(one => client.IsBare || one.Jid == client ? one with { Watchers = one.Watchers.Remove(account) } : one)
                .Where(one => !one.Watchers.IsEmpty).ToImmutableArray();
            Set(client.Bare, left);
        }
    }

    private bool TryAsk(string hash)
    {
        lock (_lock)
            return _asked.Count < MaxHashes && _asked.Add(hash);
    }

    private async ValueTask LearnAsync(Jid account, Jid client, string hash, string node, CancellationToken cancellationToken)
    {
        try
        {
            var query = new Element(Namespaces.DiscoInfo, "query", Element.Attr("node", node));
            // Asked for the account: whoever sees its presence may know that it is there.
            var answer = await remote.AskAsync(client, account, IqType.Get, query, _patience, cancellationToken);
            var space = hash.IndexOf(' ', StringComparison.Ordinal);
            if (answer?["type"] == "result" && CapabilitiesHash.Parse(answer.Child(query.Name)) is { } info
                && CapabilitiesHash.Compute(info, hash[..space]) == hash[(space + 1)..])
            {
                Learnt(hash, info);
            }
        }
        finally
        {
            lock (_lock)
                _asked.Remove(hash);
        }
    }

    /// <summary>All who announce it are known now.</summary>
    private void Learnt(string hash, DiscoInfo info)
    {
        List<RemoteClient> waited = [];
        lock (_lock)
        {
            if (_infos.Count >= MaxHashes)
                _infos = [];
            _infos[hash] = info;
            foreach (var (contact, all) in _contacts.Concat(_older.Where(old => !_contacts.ContainsKey(old.Key))).ToList())
            {
                if (!all.Any(IsWaiting))
                    continue;
                waited.AddRange(all.Where(IsWaiting));
                Set(contact, [.. all.Select(client => IsWaiting(client) ? client with { Info = info } : client)]);
            }
        }
        foreach (var client in waited)
        {
            foreach (var account in client.Watchers)
                Tell(account, client.Jid, info);
        }

        bool IsWaiting(RemoteClient client) => client.Info is null && client.Hash == hash;
    }

    private void Tell(Jid account, Jid client, DiscoInfo info)
    {
        if (learnt() is not { Count: > 0 } handlers)
            return;
        tasks.Run($"Telling what {client} can do", async cancellationToken =>
        {
            foreach (var handler in handlers)
                await handler(account, client, info, cancellationToken);
        });
    }

    private static int IndexOf(ImmutableArray<RemoteClient> all, Jid client)
    {
        for (var i = 0; i < all.Length; i++)
        {
            if (all[i].Jid == client)
                return i;
        }
        return -1;
    }

    private ImmutableArray<RemoteClient> Find(Jid contact) =>
        _contacts.TryGetValue(contact, out var clients) || _older.TryGetValue(contact, out clients) ? clients : [];

    private void Set(Jid contact, ImmutableArray<RemoteClient> clients)
    {
        _older.Remove(contact);
        if (clients.IsEmpty)
            _contacts.Remove(contact);
        else
            _contacts[contact] = clients;
        if (_contacts.Count >= MaxContacts / 2)
            (_contacts, _older) = ([], _contacts);
    }
}

/// <summary>A client of a contact at another server.</summary>
/// <param name="Hash">What it announces.</param>
/// <param name="Info">What that means; null as long as it isn't known.</param>
/// <param name="Watchers">The accounts here that have been told of it.</param>
public sealed record RemoteClient(Jid Jid, string Hash, DiscoInfo? Info, ImmutableHashSet<Jid> Watchers);
