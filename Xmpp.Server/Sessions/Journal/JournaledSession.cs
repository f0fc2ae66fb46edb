namespace Xmpp.Server.Sessions.Journal;

/// <summary>
/// A session in the journal: its counts, what its client hasn't acknowledged, and what modules keep for it. Guarded by its session. Once
/// something can't be written down the session isn't there any more: it works on, but ends with the process.
/// </summary>
internal sealed class JournaledSession
{
    private readonly JournalFile _file;
    private readonly long _number;
    private JournalBlock _session;
    private JournalBlock _details;
    private int _generation;

    private JournaledSession(JournalFile file, long number, JournalBlock session) => (_file, _number, _session) = (file, number, session);

    /// <summary>What its stanzas' <see cref="StanzaOrigin"/> calls it.</summary>
    public long Number => _number;

    /// <summary>False once something could not be written down.</summary>
    public bool IsThere => !_session.IsNone;

    /// <summary>Null when there is no room.</summary>
    public static JournaledSession? TryCreate(JournalFile file, SessionRecord record)
    {
        var content = JournalRecords.Write(record);
        if (!file.TryAllocate(content.Length, out var block))
            return null;
        content.CopyTo(file.ContentOf(block));
        file.Publish(block, BlockKind.Session);
        return new(file, record.Number, block);
    }

    /// <summary>Writes a stanza down that is about to be sent.</summary>
    /// <param name="number">Among all that were sent to the session.</param>
    /// <returns>To be given to <see cref="Acknowledge"/> or <see cref="Forget"/>.</returns>
    public JournalBlock Append(uint number, ReadOnlySpan<byte> stanza, long sentAt, CopyKind copies, StanzaOrigin origin)
    {
        if (_session.IsNone)
            return default;
        if (!_file.TryAllocate(JournalRecords.StanzaHeaderBytes + stanza.Length, out var block))
        {
            Remove();
            return default;
        }
        JournalRecords.WriteStanza(_file.ContentOf(block), _number, number, sentAt, copies, origin, stanza);
        _file.Publish(block, BlockKind.Stanza);
        return block;
    }

    /// <summary>The client has so many stanzas; called before their blocks are forgotten.</summary>
    public void Acknowledge(uint count)
    {
        if (!_session.IsNone)
            JournalRecords.SetAcknowledged(_file.ContentOf(_session), count);
    }

    /// <summary>So many of the client's stanzas have been handled.</summary>
    public void Handle(uint count)
    {
        if (!_session.IsNone)
            JournalRecords.SetHandled(_file.ContentOf(_session), count);
    }

    public void Forget(JournalBlock block) => _file.Free(block);

    /// <summary>Puts details in the place of the ones before.</summary>
    public void Save(string address, byte[]? presence, IReadOnlyList<KeyValuePair<string, byte[]>> state)
    {
        if (_session.IsNone)
            return;
        var content = JournalRecords.Write(new DetailsRecord(_number, ++_generation, address, presence, state));
        if (!_file.TryAllocate(content.Length, out var block))
        {
            Remove();
            return;
        }
        content.CopyTo(_file.ContentOf(block));
        _file.Publish(block, BlockKind.Details);
        _file.Free(_details);
        _details = block;
    }

    /// <summary>The session stays in the journal as it is now, for the process to come.</summary>
    public void Leave() => (_session, _details) = (default, default);

    /// <summary>The session is over. What is left of its stanzas means nothing without it.</summary>
    public void Remove()
    {
        _file.Free(_session);
        _file.Free(_details);
        (_session, _details) = (default, default);
    }
}
