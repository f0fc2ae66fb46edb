namespace Xmpp.Server.Sessions.Journal;

/// <summary>
/// A way to another server in the journal: what it has to bring over, and how far that has come. Guarded by its link. Once something can't
/// be written down the link isn't there any more: it works on, but what waits ends with the process.
/// </summary>
internal sealed class JournaledLink
{
    private readonly JournalFile _file;
    private LinkRecord _record;
    private JournalBlock _link;

    private JournaledLink(JournalFile file, LinkRecord record, JournalBlock link) => (_file, _record, _link) = (file, record, link);

    /// <summary>False once something could not be written down.</summary>
    public bool IsThere => !_link.IsNone;

    /// <summary>Null when there is no room.</summary>
    public static JournaledLink? TryCreate(JournalFile file, LinkRecord record) =>
        TryWrite(file, record) is { IsNone: false } block ? new(file, record, block) : null;

    /// <summary>Writes a stanza down.</summary>
    /// <param name="number">Among all of the link.</param>
    /// <returns>To be given to <see cref="Forget"/>.</returns>
    public JournalBlock Append(uint number, ReadOnlySpan<byte> stanza, long sentAt, StanzaOrigin origin)
    {
        if (_link.IsNone)
            return default;
        if (!_file.TryAllocate(JournalRecords.StanzaHeaderBytes + stanza.Length, out var block))
        {
            Remove();
            return default;
        }
        JournalRecords.WriteStanza(_file.ContentOf(block), _record.Number, number, sentAt, CopyKind.Only, origin, stanza);
        _file.Publish(block, BlockKind.Stanza);
        return block;
    }

    /// <summary>The other server has the stanzas up to this number; called before their blocks are forgotten.</summary>
    public void Acknowledge(uint number)
    {
        if (_link.IsNone)
            return;
        JournalRecords.SetAcknowledged(_file.ContentOf(_link), number);
        _record = _record with { Acknowledged = number };
    }

    public void Forget(JournalBlock block) => _file.Free(block);

    /// <summary>There is another stream, or none that could be resumed.</summary>
    /// <param name="first">The number of the last stanza that does not count on it.</param>
    public void Begin(string? streamId, uint first)
    {
        if (_link.IsNone)
            return;
        var next = _record with { Generation = _record.Generation + 1, StreamId = streamId, Base = first };
        var block = TryWrite(_file, next);
        if (block.IsNone)
        {
            Remove();
            return;
        }
        _file.Free(_link);
        (_record, _link) = (next, block);
    }

    /// <summary>The link stays in the journal as it is now, for the process to come.</summary>
    public void Leave() => _link = default;

    /// <summary>The link is over. What is left of its stanzas means nothing without it.</summary>
    public void Remove()
    {
        _file.Free(_link);
        _link = default;
    }

    private static JournalBlock TryWrite(JournalFile file, LinkRecord record)
    {
        var content = JournalRecords.Write(record);
        if (!file.TryAllocate(content.Length, out var block))
            return default;
        content.CopyTo(file.ContentOf(block));
        file.Publish(block, BlockKind.Link);
        return block;
    }
}
