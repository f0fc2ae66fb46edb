using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Xmpp.Core;

namespace Xmpp.Modules;

/// <summary>
/// The commands in the middle of being executed. An id proves whose it is: random bytes, and a keyed hash of them with requester, entity
/// and node. So one that was given out is known as such when nothing is remembered of its session any more.
/// </summary>
internal sealed class CommandSessions(AdHocCommandOptions options, TimeProvider time)
{
    private const int NonceLength = 16;
    private const int ProofLength = 16;

    private readonly byte[] _key = RandomNumberGenerator.GetBytes(32);
    private readonly Lock _lock = new();

    // By account, each in the order in which they were last used.
    private readonly Dictionary<Jid, List<CommandSession>> _accounts = [];
    private int _count;

    public int Count
    {
        get
        {
            lock (_lock)
                return _count;
        }
    }

    /// <summary>An id that nobody can guess.</summary>
    public string CreateId(Jid requester, Jid entity, string node)
    {
        var id = new byte[NonceLength + ProofLength];
        RandomNumberGenerator.Fill(id.AsSpan(0, NonceLength));
        Prove(id, requester, entity, node).CopyTo(id.AsSpan(NonceLength));
        return Base64Url.EncodeToString(id);
    }

    /// <summary>Whether the id was given out for this requester, entity and node, its session over or not.</summary>
    public bool IsOurs(string id, Jid requester, Jid entity, string node)
    {
        Span<byte> bytes = stackalloc byte[NonceLength + ProofLength];
        return Base64Url.IsValid(id, out var length) && length == bytes.Length && Base64Url.TryDecodeFromChars(id, bytes, out _)
            && CryptographicOperations.FixedTimeEquals(bytes[NonceLength..], Prove(bytes, requester, entity, node));
    }

    /// <summary>
    /// Takes a session out for its next step, so that no other one begins meanwhile; it is put back by <see cref="TryAdd"/>. Null when
    /// it is over.
    /// </summary>
    public CommandSession? Take(string id, Jid requester)
    {
        lock (_lock)
        {
            RemoveExpired(requester.Bare);
            if (!_accounts.TryGetValue(requester.Bare, out var sessions) || sessions.Find(session => session.Id == id) is not { } found)
                return null;
            Remove(requester.Bare, sessions, found);
            return found;
        }
    }

    /// <summary>Keeps a session for its next step. An account with too many loses its oldest; false when there are too many altogether.</summary>
    public bool TryAdd(CommandSession session)
    {
        session.Expires = time.GetUtcNow() + options.Timeout;
        lock (_lock)
        {
            var account = session.Requester.Bare;
            if (_accounts.TryGetValue(account, out var sessions) && sessions.Count >= options.MaxPerAccount)
                Remove(account, sessions, sessions[0]);
            if (_count >= options.Max)
                RemoveExpired();
            if (_count >= options.Max)
                return false;
            if (!_accounts.TryGetValue(account, out sessions))
                _accounts.Add(account, sessions = []);
            sessions.Add(session);
            _count++;
            return true;
        }
    }

    /// <summary>Ends what a requester has begun.</summary>
    public void End(Jid requester)
    {
        lock (_lock)
            RemoveWhere(requester.Bare, session => session.Requester == requester);
    }

    private void RemoveExpired()
    {
        foreach (var account in _accounts.Keys.ToList())
            RemoveExpired(account);
    }

    private void RemoveExpired(Jid account)
    {
        var now = time.GetUtcNow();
        RemoveWhere(account, session => session.Expires <= now);
    }

    private void RemoveWhere(Jid account, Predicate<CommandSession> isOver)
    {
        if (!_accounts.TryGetValue(account, out var sessions))
            return;
        _count -= sessions.RemoveAll(isOver);
        if (sessions.Count == 0)
            _accounts.Remove(account);
    }

    private void Remove(Jid account, List<CommandSession> sessions, CommandSession session)
    {
        sessions.Remove(session);
        _count--;
        if (sessions.Count == 0)
            _accounts.Remove(account);
    }

    private byte[] Prove(ReadOnlySpan<byte> id, Jid requester, Jid entity, string node)
    {
        // No JID has a NUL, which XML can't carry.
        var bound = Encoding.UTF8.GetBytes($"{requester}\0{entity}\0{node}");
        return HMACSHA256.HashData(_key, (byte[])[.. id[..NonceLength], .. bound])[..ProofLength];
    }
}
