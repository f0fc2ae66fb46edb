using System.Collections.Concurrent;
using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;
using Xmpp.Modules.Archive;

namespace Xmpp.Modules;

/// <summary>
/// Brings the messages that wait for an account to a session of it: page by page, the next one when the client has answered a
/// ping behind the last one, and so has it. Only then is a page removed; should the session end before, another session gets
/// it, or the next one that comes.
/// </summary>
/// <remarks>
/// A gate for each account keeps order: those who put a message into the store go through it together, each having looked
/// whether somebody can take it; who takes messages out goes through alone. While some are on the way the sessions of the account
/// are catching up, and what comes for it waits behind. What a client has from the account's archive already (XEP-0313 §5.1.1) it is
/// spared.
/// </remarks>
public sealed class OfflineDelivery(
    ISessionDirectory sessions, IOfflineStore store, IServerQueries queries, IGuards guards, IServerTasks tasks)
{
    internal const int PageMessages = 100;

    /// <summary>What a page of several messages has at most, in bytes: half of the least that may be queued for any client.</summary>
    internal const int PageBytes = 32_768;

    /// <summary>A session that says nothing for so long has ended before.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    private readonly AccountGates _gates = new();
    private readonly ConcurrentDictionary<Jid, object?> _onTheWay = new();

    /// <summary>For somebody who puts a message into the store; what is disposed of when it is there.</summary>
    internal ValueTask<IDisposable> EnterAsync(Jid account) => _gates.EnterAsync(account, alone: false);

    /// <summary>Brings the first page to a session that is about to be available, so that what is new comes behind it.</summary>
    public async ValueTask DeliverAsync(ISession session, Func<ValueTask> next)
    {
        var account = session.Jid.Bare;
        long? last = null;
        try
        {
            using (await _gates.EnterAsync(account, alone: true))
            {
                // While somebody takes what is new, nothing is put behind what is on the way.
                if (_onTheWay.ContainsKey(account))
                    session.IsCatchingUp = !IsTaken(account);
                else if (await TrySendPageAsync(session) is { } sent)
                    (last, session.IsCatchingUp, _onTheWay[account]) = (sent.Last, !sent.IsAll, null);
                await next();
            }
        }
        finally
        {
            if (last is not null)
                tasks.Run($"Delivery of offline messages to {account}", token => CarryOnAsync(session, last.Value, token));
        }
    }

    /// <summary>A store that can't give messages keeps nobody from being available; they come another time.</summary>
    private async ValueTask<(long Last, bool IsAll)?> TrySendPageAsync(ISession session)
    {
        try
        {
            return await SendPageAsync(session, CancellationToken.None);
        }
        catch (StoreException failure)
        {
            tasks.Note($"Offline messages of {session.Jid.Bare} could not be read: {failure.Message}");
            return null;
        }
    }

    /// <summary>Waits for the proof that the page has come, and goes on with the next.</summary>
    private async ValueTask CarryOnAsync(ISession session, long last, CancellationToken cancellationToken)
    {
        var account = session.Jid.Bare;
        var silent = new HashSet<ISession>();
        var isDone = false;
        try
        {
            while (!isDone)
            {
                if (await HasComeAsync(session, cancellationToken))
                    await store.RemoveAsync(account, 0, last, cancellationToken);
                else
                    silent.Add(session);

                using (await _gates.EnterAsync(account, alone: true))
                {
                    if (FindTaker(account, silent) is { } taker && await SendPageAsync(taker, cancellationToken) is { } sent)
                    {
                        (session, last) = (taker, sent.Last);
                        if (sent.IsAll)
                            CatchUp(account);
                    }
                    else
                    {
                        isDone = End(account);
                    }
                }
            }
        }
        finally
        {
            if (!isDone)
            {
                using (await _gates.EnterAsync(account, alone: true))
                    End(account);
            }
        }
    }

    /// <summary>XEP-0199 §4.1: a client answers a ping, be it with an error, and in order: it has what was sent before.</summary>
    private async ValueTask<bool> HasComeAsync(ISession session, CancellationToken cancellationToken) =>
        await queries.AskAsync(
            session, session.Jid.Host, IqType.Get, new Element("urn:xmpp:ping", "ping"), Patience, cancellationToken) is not null;

    /// <summary>Sends the first of the messages that wait.</summary>
    /// <returns>The last one's id, and whether there are no more; null when there was none.</returns>
    private async ValueTask<(long Last, bool IsAll)?> SendPageAsync(ISession session, CancellationToken cancellationToken)
    {
        var account = session.Jid.Bare;
        var page = await store.ReadAsync(account, after: 0, PageMessages, cancellationToken);
        if (page.Count == 0)
            return null;
        var stanzas = new List<ReadOnlyMemory<byte>>(page.Count);
        var (count, bytes) = (0, 0);
        while (count < page.Count && (count == 0 || bytes + page[count].Stanza.Length <= PageBytes))
        {
            var message = page[count++];
            var stanza = message.Stanza;
            bytes += stanza.Length;
            if (!ArchiveReading.Has(session, message) && (!guards.HasGuards || await MayPassAsync(account, stanza, cancellationToken)))
                stanzas.Add(stanza);
        }
        session.Send(stanzas);
        return (page[count - 1].Id, count == page.Count && count < PageMessages);
    }

    /// <summary>Who was blocked since then does not get through (XEP-0191 §3.3).</summary>
    private async ValueTask<bool> MayPassAsync(Jid account, ReadOnlyMemory<byte> stanza, CancellationToken cancellationToken)
    {
        var message = Element.Parse(stanza);
        var verdict = await guards.CheckAsync(
            new(StanzaKind.Message, account, MessageDirection.Received, Jid.Parse(message["from"]!), message["type"] ?? "normal"),
            cancellationToken);
        return verdict.Passes;
    }

    /// <summary>A session to bring messages to, if there is one.</summary>
    private ISession? FindTaker(Jid account, HashSet<ISession> silent)
    {
        foreach (var session in sessions.Of(account))
        {
            if (session.Presence is { TakesMessages: true } && !silent.Contains(session))
                return session;
        }
        return null;
    }

    /// <summary>Whether some session gets what comes for the account now.</summary>
    private bool IsTaken(Jid account)
    {
        foreach (var session in sessions.Of(account))
        {
            if (session is { Presence.TakesMessages: true, IsCatchingUp: false })
                return true;
        }
        return false;
    }

    /// <summary>All that waited has been sent: what is new comes directly from now on. Alone in the gate.</summary>
    private void CatchUp(Jid account)
    {
        foreach (var session in sessions.Of(account))
            session.IsCatchingUp = false;
    }

    /// <summary>Nothing is on the way any more. Alone in the gate.</summary>
    private bool End(Jid account)
    {
        CatchUp(account);
        return _onTheWay.TryRemove(account, out _);
    }
}
