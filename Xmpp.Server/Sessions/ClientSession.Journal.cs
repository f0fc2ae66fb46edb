using System.Net;
using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;
using Xmpp.Server.Hosting;
using Xmpp.Server.Sessions.Journal;
using Xmpp.Server.Transport;

namespace Xmpp.Server.Sessions;

/// <content>What of a session outlives the process (XEP-0198), and what its client isn't told before it is kept.</content>
internal sealed partial class ClientSession
{
    private Commitments? _commitments;

    // Of what was kept before the stanza counted as handled: who finds such a block knows that it has to go (SessionJournal).
    private List<JournalBlock>? _keptEarly;
    private uint? _askedAt;
    private bool _isFromBefore;

    /// <summary>A session from before a restart, whose client is away.</summary>
    private ClientSession(ServerContext server, LeftSession left)
    {
        var (session, details) = (left.Session, left.Details);
        _server = server;
        Jid = session.Jid;
        Since = session.Since;
        Language = session.Language;
        Stamp = StampFor(Jid, null);
        StampWithLanguage = Language is null ? Stamp : StampFor(Jid, Language);
        _management = new StreamManagement(session);
        _lastAddress = IPEndPoint.TryParse(details?.Address ?? "", out var address) ? address : new(IPAddress.None, 0);
        (_lostAt, _activeAt, _isFromBefore) = (server.Clock.Seconds, server.Clock.Seconds, true);
        if (details is null)
            return;
        if (details.Presence is { } presence && AvailablePresence.TryRead(Element.Parse(presence, Namespaces.Client), out var available))
            _presence = available;
        _state = new SessionState(details.State) { Changed = WriteDetailsDown };
    }

    /// <summary>Makes a session of what a process has left behind, in this one's journal too.</summary>
    /// <param name="copies">What those messages share that other sessions have got as well, by what they come from.</param>
    public static ClientSession Restore(ServerContext server, LeftSession left, IReadOnlyDictionary<StanzaOrigin, Copies> copies)
    {
        var session = new ClientSession(server, left);
        var management = session._management!;
        lock (session._gate)
        {
            session.WriteDown(management);
            foreach (var stanza in left.Stanzas)
            {
                management.Add(stanza.Stanza, stanza.SentAt, stanza.Copies switch
                {
                    CopyKind.Elsewhere => Copies.Elsewhere,
                    CopyKind.Shared => copies.GetValueOrDefault(stanza.Origin),
                    _ => null,
                }, origin: default);
            }
        }
        return session;
    }

    public bool OutlivesProcess => Management?.Journal is { IsThere: true };

    /// <summary>From now on nothing is written down any more.</summary>
    public void LeaveJournal()
    {
        lock (_gate)
            _management?.Journal?.Leave();
    }

    /// <summary>Whether it is the first time that the session's client is here since a restart.</summary>
    public bool TakeFromBefore() => Interlocked.Exchange(ref _isFromBefore, false);

    /// <summary>What a message is known by that the client has just sent. For whoever handles it.</summary>
    public StanzaOrigin OriginOfCurrent => Management is { } management
        ? new(management.Journal?.Number ?? 0, unchecked(management.Handled + 1))
        : default;

    /// <summary>A stanza of the client has been handled. By the stream's loop.</summary>
    public void CountHandled()
    {
        lock (_gate)
        {
            _management!.CountHandled();
            foreach (var block in _keptEarly ?? [])
                _server.Journal!.Forget(block);
            _keptEarly?.Clear();
        }
    }

    /// <summary>
    /// Puts the message that the client has just sent into archives. Nobody waits for that, unless it fails at once; the client is told that
    /// it was handled only when it is there.
    /// </summary>
    /// <exception cref="StoreException">The archives can't take it.</exception>
    public ValueTask KeepAsync(IReadOnlyList<ArchiveEntry> messages)
    {
        var origin = OriginOfCurrent;
        var block = _server.Journal?.TryAdd(origin, messages) ?? default;
        if (_server.Journal is not null && block.IsNone)
            RemoveFromJournal();
        var commit = _server.Store.Archive.AddAsync(messages, CancellationToken.None);
        if (commit.IsCompleted)
        {
            Forget(block, origin.Stanza);
            return commit;
        }
        var commitments = _commitments
            ?? Interlocked.CompareExchange(ref _commitments, new Commitments(this, _server.Commitments, _server.Metrics), null) ?? _commitments;
        commitments.Add(commit, origin.Stanza, messages, block);
        return default;
    }

    /// <summary>A message of the client is in the archives, or can't be.</summary>
    /// <param name="number">The stanza's.</param>
    public void EndCommitment(uint number, IReadOnlyList<ArchiveEntry> messages, JournalBlock block, Exception? failure)
    {
        Forget(block, number);
        if (failure is not null)
            _server.Router.ReportNotKept(this, messages[0], failure);
    }

    private void Forget(JournalBlock block, uint number)
    {
        if (block.IsNone)
            return;
        lock (_gate)
        {
            if (_management is { } management && unchecked((int)(number - management.Handled)) > 0)
                (_keptEarly ??= []).Add(block);
            else
                _server.Journal!.Forget(block);
        }
    }

    /// <summary>Completes at once unless the client's messages come faster than they can be kept.</summary>
    public ValueTask WaitForRoomAsync() => _commitments?.WaitForRoomAsync() ?? default;

    /// <summary>Completes when all that was handled is kept.</summary>
    public ValueTask WaitUntilKeptAsync() => _commitments?.WaitForAllAsync() ?? default;

    /// <summary>The client asks how many of its stanzas were handled: it is told when those until now are kept.</summary>
    public void AskHandled()
    {
        lock (_gate)
            _askedAt = _management!.Handled;
        AnswerIfKept();
    }

    /// <summary>Tells the client what it has asked for, if it can be told by now.</summary>
    public void AnswerIfKept()
    {
        using (OutputBatch.Begin())
        {
            lock (_gate)
            {
                if (_askedAt is not { } asked || _management is not { } management || _stream is not { } stream)
                    return;
                var kept = _commitments?.CountKept(management.Handled) ?? management.Handled;
                if (unchecked((int)(kept - asked)) < 0)
                    return;
                _askedAt = null;
                Acknowledge(stream, kept);
            }
        }
    }

    /// <summary>Something could not be written down: the session ends with the process.</summary>
    private void RemoveFromJournal()
    {
        lock (_gate)
            _management?.Journal?.Remove();
    }

    /// <summary>What changes now and then has changed.</summary>
    private void WriteDetailsDown()
    {
        if (Management?.Journal is null)
            return;
        lock (_gate)
        {
            if (!_isClosed)
                WriteDetailsDown(_management!);
        }
    }

    /// <summary>Puts the session into the journal, if there is one. In the gate.</summary>
    private void WriteDown(StreamManagement management)
    {
        if (_server.Journal is not { } journal || management.Id is not { } id)
            return;
        management.Journal = journal.TryAdd(new SessionRecord(
            journal.NextNumber(), management.Handled, unchecked(management.Sent - (uint)management.Unacknowledged.Count),
            id, Jid, Since, Language, management.ResumeTime));
        if (management.Journal is not null)
            WriteDetailsDown(management);
    }

    private void WriteDetailsDown(StreamManagement management) => management.Journal!.Save(
        Address.ToString(), Presence?.Stanza.Utf8.ToArray(), _state?.Save() ?? []);
}
