using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using Xmpp.Core;

namespace Xmpp.Server.Sessions;

/// <summary>Sessions whose streams can be resumed, by their ids (XEP-0198 §5), and for a while what sessions that are over had handled.</summary>
internal sealed class ResumableSessions
{
    /// <summary>Of so many former sessions a client can learn what was handled.</summary>
    private const int MaxFormer = 10_000;

    private readonly ConcurrentDictionary<string, ClientSession> _sessions = new();
    private readonly Dictionary<string, (Jid Account, uint Handled)> _former = [];
    private readonly Queue<string> _formerIds = new();

    /// <summary>A new id, which nobody can guess.</summary>
    public static string CreateId() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(18));

    public void Add(string id, ClientSession session) => _sessions[id] = session;

    /// <summary>An account's session; null when there is none of that id (any more).</summary>
    public ClientSession? Find(string id, Jid account) =>
        _sessions.TryGetValue(id, out var session) && session.Jid.Bare == account ? session : null;

    /// <summary>How many stanzas a session of the account had handled that is over; null when that is not known.</summary>
    public uint? FindFormer(string id, Jid account)
    {
        lock (_former)
            return _former.TryGetValue(id, out var former) && former.Account == account ? former.Handled : null;
    }

    /// <summary>A session is over.</summary>
    public void Remove(ClientSession session)
    {
        if (session.Management is not { Id: { } id } management || !_sessions.TryRemove(id, out _))
            return;
        lock (_former)
        {
            _former[id] = (session.Jid.Bare, management.Handled);
            _formerIds.Enqueue(id);
            if (_formerIds.Count > MaxFormer)
                _former.Remove(_formerIds.Dequeue());
        }
    }

    public IEnumerable<ClientSession> All => _sessions.Values;

    /// <summary>Those whose clients are away.</summary>
    public IEnumerable<ClientSession> Hibernating => All.Where(session => session.Stream is null);

    /// <summary>Those whose clients have been away for too long.</summary>
    /// <param name="now">Seconds of the server's clock.</param>
    public IEnumerable<ClientSession> Expired(int now)
    {
        foreach (var (_, session) in _sessions)
        {
            if (session.Stream is null && session.IsExpired(now))
                yield return session;
        }
    }
}
