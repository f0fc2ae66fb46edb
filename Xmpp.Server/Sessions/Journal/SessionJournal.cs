using Xmpp.Core.Storage;

namespace Xmpp.Server.Sessions.Journal;

/// <summary>
/// What has to be there after a restart, and after the process was killed, for clients to resume their sessions (XEP-0198) as if nothing had
/// happened: the sessions, what their clients haven't acknowledged, and messages on their way into archives; and the same of streams
/// between servers.
/// </summary>
/// <remarks>
/// A message is written down as the recipients' before it counts as handled for its sender. So a process that is killed in between leaves
/// one of two things: the message with a recipient, and then it has been handled, or nothing, and then the sender's client sends it
/// again. Copies (XEP-0280) are written down as the message's, behind it. A message on its way to an archive is written down before it
/// goes to a recipient, and stays until it is there and counts as handled; one that doesn't is taken out of the archive again.
/// </remarks>
internal sealed class SessionJournal : IDisposable
{
    private readonly JournalFile _file;
    private readonly string _path;
    private long _last;

    private SessionJournal(JournalFile file, string path) => (_file, _path) = (file, path);

    private static string NewPath(string path) => path + ".new";

    /// <summary>Opens a journal for this process, which is in effect once it is <see cref="Begin">begun</see>.</summary>
    /// <param name="former">What the process before has left.</param>
    /// <exception cref="IOException">The file can't be made or read; <see cref="UnauthorizedAccessException"/> likewise.</exception>
    public static SessionJournal Open(string path, long capacity, out JournalContent former)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        former = File.Exists(path) ? JournalContent.Read(path) : JournalContent.Empty;
        return new(JournalFile.Create(NewPath(path), capacity), path);
    }

    /// <summary>What the process before has left is in this journal now, and in the archives.</summary>
    public void Begin() => File.Move(NewPath(_path), _path, overwrite: true);

    /// <summary>A number for a session.</summary>
    public long NextNumber() => Interlocked.Increment(ref _last);

    /// <summary>Null when there is no room.</summary>
    public JournaledSession? TryAdd(SessionRecord session) => JournaledSession.TryCreate(_file, session);

    /// <inheritdoc cref="TryAdd(SessionRecord)"/>
    public JournaledLink? TryAdd(LinkRecord link) => JournaledLink.TryCreate(_file, link);

    /// <inheritdoc cref="TryAdd(SessionRecord)"/>
    public JournaledRemote? TryAdd(RemoteRecord remote) => JournaledRemote.TryCreate(_file, remote);

    /// <summary>Writes down messages that are about to go to archives.</summary>
    /// <returns>None when there is no room; else to be forgotten when they are there.</returns>
    public JournalBlock TryAdd(StanzaOrigin origin, IReadOnlyList<ArchiveEntry> entries)
    {
        if (!_file.TryAllocate(JournalRecords.LengthOf(entries), out var block))
            return default;
        JournalRecords.WriteArchive(_file.ContentOf(block), origin, entries);
        _file.Publish(block, BlockKind.Archive);
        return block;
    }

    public void Forget(JournalBlock block) => _file.Free(block);

    /// <summary>No session changes any more: what is there is kept even when the system ends.</summary>
    public void Dispose() => _file.Dispose();
}
