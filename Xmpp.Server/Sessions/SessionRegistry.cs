using System.Collections.Concurrent;
using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Streams;
using Xmpp.Server.Modules;
using Xmpp.Server.Transport;

namespace Xmpp.Server.Sessions;

/// <summary>What became of an attempt to bind a resource (RFC 6120 §7.6.2).</summary>
internal enum BindOutcome
{
    Bound,
    Conflict,
    TooManySessions,
}

/// <summary>
/// The sessions of this process, by account. An account's few sessions are an array that is replaced, never changed:
/// readers take it as it is, and one small lock per account orders the writers.
/// </summary>
/// <param name="modules">Those that are loaded now.</param>
internal sealed class SessionRegistry(Func<ModuleTable> modules) : ISessionDirectory
{
    private readonly ConcurrentDictionary<Jid, AccountSessions> _accounts = new();
    private int _count;

    public int Count => Volatile.Read(ref _count);

    public IEnumerable<ClientSession> All => _accounts.Values.SelectMany(account => account.Sessions).Cast<ClientSession>();

    IReadOnlyCollection<ISession> ISessionDirectory.All => [.. All];

    ISession? ISessionDirectory.Find(Jid fullJid) => Find(fullJid);

    public ClientSession? Find(Jid fullJid)
    {
        foreach (var session in Of(fullJid.Bare))
        {
            if (session.Jid.Resource == fullJid.Resource)
                return (ClientSession)session;
        }
        return null;
    }

    public ReadOnlySpan<ISession> Of(Jid account) =>
        _accounts.TryGetValue(account, out var sessions) ? sessions.Sessions : [];

    /// <summary>The session of an account whose client has been away for the longest; null when all are there.</summary>
    public ClientSession? LongestAway(Jid account)
    {
        ClientSession? longest = null;
        foreach (var session in Of(account))
        {
            var candidate = (ClientSession)session;
            if (candidate.AwaySince < (longest?.AwaySince ?? int.MaxValue))
                longest = candidate;
        }
        return longest;
    }

    public ValueTask MakeAvailableAsync(ISession session, AvailablePresence presence)
    {
        if (!presence.TakesMessages || session.Presence is { TakesMessages: true })
        {
            session.Presence = presence;
            return default;
        }
        // Each handler calls the next one, and the last one this.
        Func<ValueTask> next = () =>
        {
            session.Presence = presence;
            return default;
        };
        foreach (var handler in modules().BecomingAvailable.Reverse())
        {
            var following = next;
            next = () => handler(session, following);
        }
        return next();
    }

    public void Together(Action send)
    {
        using (OutputBatch.Begin())
            send();
    }

    public T Together<TState, T>(TState state, Func<TState, T> send)
    {
        using (OutputBatch.Begin())
            return send(state);
    }

    public void Flush() => OutputBatch.Flush();

    /// <summary>Ends the sessions of a bare JID, or the one of a full JID, but not the one excepted.</summary>
    /// <returns>How many there were.</returns>
    public int End(Jid jid, ISession? except, StreamError error)
    {
        var count = 0;
        foreach (var session in Of(jid.Bare))
        {
            if (session == except || (jid.IsFull && session.Jid != jid))
                continue;
            session.End(error);
            count++;
        }
        return count;
    }

    /// <summary>Adds a session.</summary>
    /// <param name="session">With the full JID to bind.</param>
    /// <param name="replace">Whether a session with the same full JID gives way or stands in the way.</param>
    /// <param name="limit">Sessions per account.</param>
    /// <param name="replaced">The session that gave way: out of the registry, still to be ended.</param>
    public BindOutcome TryAdd(ClientSession session, bool replace, int limit, out ClientSession? replaced)
    {
        while (true)
        {
            replaced = null;
            var account = _accounts.GetOrAdd(session.Jid.Bare, static _ => new AccountSessions());
            lock (account)
            {
                if (account.IsRemoved)
                    continue;
                var index = Array.FindIndex(account.Sessions, other => other.Jid.Resource == session.Jid.Resource);
                if (index >= 0)
                {
                    if (!replace)
                        return BindOutcome.Conflict;
                    replaced = (ClientSession)account.Sessions[index];
                    ISession[] changed = [.. account.Sessions];
                    changed[index] = session;
                    account.Sessions = changed;
                    return BindOutcome.Bound;
                }
                if (account.Sessions.Length >= limit)
                    return BindOutcome.TooManySessions;
                account.Sessions = [.. account.Sessions, session];
                Interlocked.Increment(ref _count);
                return BindOutcome.Bound;
            }
        }
    }

    /// <summary>Takes the session out; false when it is not there (any more).</summary>
    public bool Remove(ClientSession session)
    {
        if (!_accounts.TryGetValue(session.Jid.Bare, out var account))
            return false;
        lock (account)
        {
            var remaining = Array.FindAll(account.Sessions, other => !ReferenceEquals(other, session));
            if (remaining.Length == account.Sessions.Length)
                return false;
            account.Sessions = remaining;
            Interlocked.Decrement(ref _count);
            if (remaining.Length == 0)
            {
                account.IsRemoved = true;
                _accounts.TryRemove(new(session.Jid.Bare, account));
            }
            return true;
        }
    }

    private sealed class AccountSessions
    {
        public ISession[] Sessions { get; set; } = [];

        /// <summary>Set when the last session left: the object is no longer in the dictionary.</summary>
        public bool IsRemoved { get; set; }
    }
}
