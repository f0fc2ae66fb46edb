using Xmpp.Core;
using Xmpp.Core.Modules;

namespace Xmpp.Modules;

/// <summary>What is kept of a session's presence beside the presence itself.</summary>
internal sealed class PresenceSession
{
    private static readonly SessionKey<PresenceSession> Key = new();

    private readonly Lock _lock = new();
    private HashSet<Jid>? _directed;

    /// <summary>
    /// Set when the session is over: what is still being handled for it makes nobody available any more. In the account's gate only.
    /// </summary>
    public bool HasEnded { get; set; }

    /// <summary>Whether anybody was sent presence that doesn't get what is broadcast (RFC 6121 §4.6.1).</summary>
    public bool HasDirected => Volatile.Read(ref _directed) is { Count: > 0 };

    public static PresenceSession? Find(ISession session) => session.State.Get(Key);

    public static PresenceSession Of(ISession session)
    {
        if (Find(session) is { } known)
            return known;
        lock (session.State)
        {
            if (Find(session) is null)
                session.State.Set(Key, new PresenceSession());
            return Find(session)!;
        }
    }

    /// <summary>Notes that somebody was sent presence; false when there are as many as there may be.</summary>
    public bool Remember(Jid to, int limit)
    {
        lock (_lock)
        {
            _directed ??= [];
            if (_directed.Count >= limit && !_directed.Contains(to))
                return false;
            _directed.Add(to);
            return true;
        }
    }

    public bool Forget(Jid to)
    {
        lock (_lock)
            return _directed?.Remove(to) == true;
    }

    public bool Contains(Jid to)
    {
        lock (_lock)
            return _directed?.Contains(to) == true;
    }

    /// <summary>Takes out those who were sent presence, or some of them.</summary>
    public IReadOnlyList<Jid> Take(Func<Jid, bool>? isWanted = null)
    {
        lock (_lock)
        {
            if (_directed is null)
                return [];
            Jid[] taken = isWanted is null ? [.. _directed] : [.. _directed.Where(isWanted)];
            _directed.ExceptWith(taken);
            return taken;
        }
    }
}
