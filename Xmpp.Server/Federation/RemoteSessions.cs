using System.Collections.Concurrent;
using Xmpp.Server.Hosting;
using Xmpp.Server.Sessions;
using Xmpp.Server.Sessions.Journal;

namespace Xmpp.Server.Federation;

/// <summary>Streams of other servers that they may resume (XEP-0198 §5), connected or not.</summary>
internal sealed class RemoteSessions(ServerContext server)
{
    private readonly ConcurrentDictionary<string, RemoteSession> _sessions = new();

    public int Count => _sessions.Count;

    /// <summary>Stanzas that were handled of all of them.</summary>
    public long Handled => _sessions.Values.Sum(session => (long)session.Handled);

    /// <summary>A new one. Of a domain that has more than it may have streams the lost ones go.</summary>
    public RemoteSession Add(IncomingServerStream stream, string local, string remote, TimeSpan resumeTime)
    {
        var others = _sessions.Values.Where(session => session.Remote == remote).ToList();
        if (others.Count >= server.Current.Options.S2s.StreamsPerDomain)
        {
            foreach (var lost in others.Where(session => session.TryEnd(now: null)))
                _sessions.TryRemove(new(lost.Id, lost));
        }
        var record = new RemoteRecord(server.Journal?.NextNumber() ?? 0, 0, ResumableSessions.CreateId(), local, remote);
        return _sessions[record.Id] = new(server, record, resumeTime, stream);
    }

    /// <summary>Takes up what a process has left behind.</summary>
    public void Restore(RemoteRecord left)
    {
        // Its number is of the former journal.
        var record = left with { Number = server.Journal!.NextNumber() };
        _sessions[record.Id] = new(server, record, server.Current.Options.S2s.ResumeTime, stream: null);
    }

    /// <summary>Null when there is none (any more), or for another pair of domains.</summary>
    public RemoteSession? Find(string id, string local, string remote) =>
        _sessions.TryGetValue(id, out var session) && session.Local == local && session.Remote == remote ? session : null;

    /// <summary>A stream was closed, not lost.</summary>
    public void Remove(RemoteSession session)
    {
        if (session.TryEnd(now: null))
            _sessions.TryRemove(new(session.Id, session));
    }

    /// <summary>Forgets those that were lost too long ago.</summary>
    public void Tick()
    {
        foreach (var (id, session) in _sessions)
        {
            if (session.TryEnd(server.Clock.Seconds))
                _sessions.TryRemove(new(id, session));
        }
    }

    /// <summary>From now on nothing changes any more: what is in the journal is for the process to come.</summary>
    public void LeaveJournal()
    {
        foreach (var session in _sessions.Values)
            session.LeaveJournal();
    }
}
