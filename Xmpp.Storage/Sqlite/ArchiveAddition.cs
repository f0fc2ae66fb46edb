using Xmpp.Core.Storage;

namespace Xmpp.Storage.Sqlite;

/// <summary>Messages on their way into the archives of several accounts.</summary>
internal sealed class ArchiveAddition
{
    internal const string AddSql =
        "INSERT INTO archive_message(archive, peer, id, flags, resource, stanza, text) VALUES (?, ?, ?, ?, ?, ?, ?)";

    private readonly ArchiveTail _tail;
    private readonly ArchiveOwners _owners;
    private readonly ArchiveIndex _index;
    private readonly ArchiveEntry[] _messages;
    private readonly byte[]?[] _texts;
    private int _done;

    /// <summary>Takes copies of what the caller may change.</summary>
    public ArchiveAddition(ArchiveTail tail, ArchiveOwners owners, ArchiveIndex index, IReadOnlyList<ArchiveEntry> messages)
    {
        (_tail, _owners, _index) = (tail, owners, index);
        _messages = new ArchiveEntry[messages.Count];
        _texts = new byte[]?[messages.Count];
        for (var i = 0; i < _messages.Length; i++)
        {
            var message = messages[i];
            AccountKey.Of(message.Account);
            // Both sides have the same text.
            _texts[i] = i > 0 && ReferenceEquals(message.Text, messages[i - 1].Text) ? _texts[i - 1] : SearchText.Normalize(message.Text);
            _messages[i] = message with { Stanza = message.Stanza.ToArray() };
        }

        foreach (var message in _messages)
            tail.Begin(message.Account);
    }

    /// <summary>Appends them; they are indexed later.</summary>
    public bool Execute(SqliteSession session)
    {
        for (; _done < _messages.Length; _done++)
        {
            var message = _messages[_done];
            if (_owners.Find(session, message.Account) is { } owner)
                _tail.Add(message.Account, Append(session, owner, message, _texts[_done]));
            else
                _tail.Drop(message.Account);
        }

        _index.WorkIfDue(session, _messages.Length);
        return true;
    }

    public void Failed(bool isExecuted)
    {
        if (isExecuted)
            _index.Doubt();
        for (; _done < _messages.Length; _done++)
            _tail.Drop(_messages[_done].Account);
    }

    internal static ArchiveRow Append(SqliteSession session, ArchiveOwner owner, ArchiveEntry message, byte[]? text)
    {
        var bare = message.With.Bare;
        var peer = ArchiveOwners.FindPeer(session, owner, bare);
        var flags = (message.IsIncoming ? ArchiveFlags.Received : 0) | (message.IsShown ? ArchiveFlags.Shown : 0);
        var statement = session.Statement(AddSql).Integer(owner.Archive).Integer(peer).Id(message.Id.Value).Integer((long)flags);
        if (message.With.IsBare)
            statement.Null();
        else
            statement.Text(message.With.Utf8.Span[(bare.Utf8.Length + 1)..]);
        statement.Blob(message.Stanza.Span);
        var row = (text is null ? statement.Null() : statement.Text(text)).Insert();
        return new(owner.Archive, message.Id.Value, row, peer, flags, message.Stanza.Length);
    }
}
