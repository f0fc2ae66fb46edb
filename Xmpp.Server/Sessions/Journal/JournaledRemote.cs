namespace Xmpp.Server.Sessions.Journal;

/// <summary>A stream of another server in the journal, with its count. Guarded by whoever has it.</summary>
internal sealed class JournaledRemote
{
    private readonly JournalFile _file;
    private JournalBlock _block;

    private JournaledRemote(JournalFile file, long number, JournalBlock block) => (_file, Number, _block) = (file, number, block);

    /// <summary>What its stanzas' <see cref="StanzaOrigin"/> calls it.</summary>
    public long Number { get; }

    public bool IsThere => !_block.IsNone;

    /// <summary>Null when there is no room.</summary>
    public static JournaledRemote? TryCreate(JournalFile file, RemoteRecord record)
    {
        var content = JournalRecords.Write(record);
        if (!file.TryAllocate(content.Length, out var block))
            return null;
        content.CopyTo(file.ContentOf(block));
        file.Publish(block, BlockKind.Remote);
        return new(file, record.Number, block);
    }

    /// <summary>So many of the stream's stanzas have been handled.</summary>
    public void Handle(uint count)
    {
        if (!_block.IsNone)
            JournalRecords.SetHandled(_file.ContentOf(_block), count);
    }

    /// <summary>It stays in the journal as it is now, for the process to come.</summary>
    public void Leave() => _block = default;

    /// <summary>It is over.</summary>
    public void Remove()
    {
        _file.Free(_block);
        _block = default;
    }
}
