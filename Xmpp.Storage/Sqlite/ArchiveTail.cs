using Xmpp.Core;

namespace Xmpp.Storage.Sqlite;

[Flags]
internal enum ArchiveFlags
{
    None = 0,
    Received = 1,
    Shown = 2,
}

/// <summary>What the index needs of a message.</summary>
internal readonly record struct ArchiveRow(long Archive, UInt128 Id, long Row, long Peer, ArchiveFlags Flags, int Bytes);

/// <summary>
/// The messages that the index doesn't have yet, by account: those that are on their way to the writer, as a number, and those that it has
/// written. Readers don't see what is indexed before it is committed: until then the index counts as behind.
/// </summary>
internal sealed class ArchiveTail
{
    private readonly Lock _lock = new();
    private readonly Dictionary<Jid, Account> _accounts = [];
    private readonly HashSet<Jid> _taken = [];
    private int _written;

    // Nobody knows what another process has left behind.
    private bool _isDoubtful = true;
    private bool _isTrustNew;

    /// <summary>Messages that are written.</summary>
    public int Written
    {
        get
        {
            lock (_lock)
                return _written;
        }
    }

    /// <summary>Whether it is not known which messages the index doesn't have.</summary>
    public bool IsDoubtful
    {
        get
        {
            lock (_lock)
                return _isDoubtful;
        }
    }

    /// <summary>A message is on its way.</summary>
    public void Begin(Jid account)
    {
        lock (_lock)
            Find(account).Begun++;
    }

    /// <summary>It won't come.</summary>
    public void Drop(Jid account)
    {
        lock (_lock)
        {
            if (_accounts.TryGetValue(account, out var found))
            {
                found.Begun--;
                ForgetIfDone(account, found);
            }
        }
    }

    /// <summary>It is written.</summary>
    public void Add(Jid account, in ArchiveRow row)
    {
        lock (_lock)
        {
            var found = Find(account);
            found.Begun--;
            if (!_isDoubtful)
            {
                found.Rows.Add(row);
                _written++;
            }

            ForgetIfDone(account, found);
        }
    }

    /// <summary>Whether the index may lack messages of the account.</summary>
    public bool IsBehind(Jid account)
    {
        lock (_lock)
            return _isDoubtful || _isTrustNew || _accounts.ContainsKey(account) || _taken.Contains(account);
    }

    /// <summary>The account's messages, which the caller indexes.</summary>
    public List<ArchiveRow>? Take(Jid account)
    {
        lock (_lock)
        {
            if (!_accounts.TryGetValue(account, out var found) || found.Rows.Count == 0)
                return null;

            var rows = found.Rows;
            found.Rows = [];
            _written -= rows.Count;
            _taken.Add(account);
            ForgetIfDone(account, found);
            return rows;
        }
    }

    /// <summary>The accounts with messages that are written, in the order of their archives.</summary>
    public Queue<Jid> ListAccounts()
    {
        lock (_lock)
        {
            return new Queue<Jid>(_accounts.Where(account => account.Value.Rows.Count > 0)
                .OrderBy(account => account.Value.Rows[0].Archive).Select(account => account.Key));
        }
    }

    /// <summary>What was written may have been undone.</summary>
    public void Doubt()
    {
        lock (_lock)
        {
            _isDoubtful = true;
            _written = 0;
            _taken.Clear();
            foreach (var (account, found) in _accounts)
            {
                found.Rows.Clear();
                ForgetIfDone(account, found);
            }
        }
    }

    /// <summary>The index has all that is written.</summary>
    public void Trust()
    {
        lock (_lock)
            (_isDoubtful, _isTrustNew) = (false, true);
    }

    /// <summary>What was indexed is committed.</summary>
    public void Commit()
    {
        lock (_lock)
        {
            _taken.Clear();
            _isTrustNew = false;
        }
    }

    private Account Find(Jid account)
    {
        if (!_accounts.TryGetValue(account, out var found))
            _accounts.Add(account, found = new Account());
        return found;
    }

    private void ForgetIfDone(Jid account, Account found)
    {
        if (found.Begun <= 0 && found.Rows.Count == 0)
            _accounts.Remove(account);
    }

    private sealed class Account
    {
        public int Begun { get; set; }

        public List<ArchiveRow> Rows { get; set; } = [];
    }
}
