using System.Text;
using Xmpp.Core;
using Xmpp.Core.Modules;

namespace Xmpp.Modules;

/// <summary>What is kept of a session's presence beside the presence itself.</summary>
internal sealed class PresenceSession
{
    private static readonly SessionKey<PresenceSession> Key = new("directed-presence", session => session.Write(), Read);

    private readonly Lock _lock = new();
    private HashSet<Jid>? _directed;
    private SessionState? _state;

    /// <summary>
    /// Set when the session is over: what is still being handled for it makes nobody available any more. In the account's gate only.
    /// </summary>
    public bool HasEnded { get; set; }

    /// <summary>Whether anybody was sent presence that doesn't get what is broadcast (RFC 6121 §4.6.1).</summary>
    public bool HasDirected => Volatile.Read(ref _directed) is { Count: > 0 };

    public static PresenceSession? Find(ISession session)
    {
        var found = session.State.Get(Key);
        if (found is not null)
            found._state = session.State;
        return found;
    }

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
            if (!_directed.Add(to))
                return true;
        }
        NoteChange();
        return true;
    }

    public void Forget(Jid to)
    {
        lock (_lock)
        {
            if (_directed?.Remove(to) != true)
                return;
        }
        NoteChange();
    }

    public bool Contains(Jid to)
    {
        lock (_lock)
            return _directed?.Contains(to) == true;
    }

    /// <summary>Whether somebody was sent presence, at whatever resource: an occupant of a room, say.</summary>
    /// <param name="bare">A bare JID.</param>
    public bool HasDirectedTo(Jid bare)
    {
        lock (_lock)
            return _directed?.Any(to => to.Bare == bare) == true;
    }

    /// <summary>Takes out those who were sent presence, or some of them.</summary>
    public IReadOnlyList<Jid> Take(Func<Jid, bool>? isWanted = null)
    {
        Jid[] taken;
        lock (_lock)
        {
            if (_directed is null)
                return [];
            taken = isWanted is null ? [.. _directed] : [.. _directed.Where(isWanted)];
            _directed.ExceptWith(taken);
        }
        if (taken.Length > 0)
            NoteChange();
        return taken;
    }

    // Outside the lock: the session writes it down under a lock of its own.
    private void NoteChange() => _state?.Set(Key, this);

    private byte[] Write()
    {
        lock (_lock)
            return Encoding.UTF8.GetBytes(string.Join('\n', _directed ?? []));
    }

    private static PresenceSession Read(byte[] saved)
    {
        var session = new PresenceSession();
        if (saved.Length > 0)
            session._directed = [.. Encoding.UTF8.GetString(saved).Split('\n').Select(Jid.Parse)];
        return session;
    }
}
