using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;

namespace Xmpp.Modules.Rosters;

/// <summary>
/// The rosters of all accounts: looked up in memory, changed one change of an account after the other, each committed before anybody
/// hears of it. What a change means for others is the business of <see cref="Subscriptions"/>.
/// </summary>
public sealed class RosterDirectory
{
    private static readonly SessionKey<object> Interested = SessionKey.Flag("roster");

    private readonly IRosterStore _store;
    private readonly ISessionDirectory _sessions;
    private readonly AccountCache<Roster> _cache;
    private readonly Action<Jid, Element>? _changed;

    /// <param name="changed">Gets the pushes of accounts, without addresses, in the order of the changes.</param>
    public RosterDirectory(IRosterStore store, ISessionDirectory sessions, Action<Jid, Element>? changed = null)
    {
        _store = store;
        _changed = changed;
        _sessions = sessions;
        // Of accounts that aren't there nothing is kept.
        _cache = new(sessions, async (account, cancellationToken) =>
            await store.LoadAsync(account, cancellationToken) is { } stored ? Roster.Of(stored) : null!);
    }

    /// <summary>An account's roster if it is in memory, as those of accounts with available resources are; else null.</summary>
    public Roster? Find(Jid account) => _cache.Find(account);

    /// <summary>An account's roster; null when there is no such account. Completes at once when it is in memory.</summary>
    /// <exception cref="StoreException">It could not be read.</exception>
    public async ValueTask<Roster?> GetAsync(Jid account, CancellationToken cancellationToken) =>
        account is { Local: not null, IsBare: true } ? await _cache.GetAsync(account, cancellationToken) : null;

    /// <summary>Whether the session has asked for the roster and so is told of changes: an interested resource (RFC 6121 §2.2).</summary>
    public static bool IsInterested(ISession session) => session.State.Get(Interested) is not null;

    /// <summary>Runs a change of one roster alone. Whatever it sends leaves in the order of the changes.</summary>
    internal ValueTask<TResult> ChangeAsync<TResult>(
        Jid account, Func<Turn, ValueTask<TResult>> change, CancellationToken cancellationToken) =>
        _cache.ChangeAsync(account, cell => change(new Turn(this, account, cell)), cancellationToken);

    /// <summary>Forgets what is in memory of an account.</summary>
    internal ValueTask ForgetAsync(Jid account) => _cache.ForgetAsync(account);

    /// <summary>A roster while a change of it goes on.</summary>
    internal sealed class Turn(RosterDirectory rosters, Jid account, AccountCache<Roster>.Cell cell)
    {
        /// <summary>Null when there is no such account.</summary>
        public Roster? Roster => cell.Value;

        /// <summary>From now on this session gets what goes to interested resources.</summary>
        public static void Interest(ISession session) => session.State.Set(Interested, Interested);

        /// <summary>Puts an entry in the place of the contact's present one; one that says nothing goes.</summary>
        /// <param name="isVisible">Whether clients see a change, which is a new version (§2.6.3).</param>
        /// <returns>The entry as it is now.</returns>
        public async ValueTask<RosterEntry> SaveAsync(RosterEntry entry, bool isVisible)
        {
            var version = Roster!.Version + (isVisible ? 1 : 0);
            var saved = isVisible ? entry with { Version = version } : entry;
            await CommitAsync(saved is { IsListed: false, Request: null }
                ? new RosterChange(version) { Deleted = [saved.Contact] }
                : new RosterChange(version) { Saved = [saved] });
            return saved;
        }

        /// <summary>Removes all entries.</summary>
        public async ValueTask ClearAsync()
        {
            if (Roster is { Entries.IsEmpty: false } roster)
            {
                var contacts = roster.Entries.ToArray().Select(entry => entry.Contact);
                await CommitAsync(new RosterChange(roster.Version + 1) { Deleted = [.. contacts] });
            }
        }

        /// <summary>Tells interested resources how an item is now (§2.1.6).</summary>
        public void Push(RosterEntry entry)
        {
            var element = RosterItem.Push(entry.Contact, entry.Version, entry.IsListed ? entry : null);
            var push = BroadcastStanza.Of(element);
            foreach (var session in rosters._sessions.Of(account))
            {
                if (IsInterested(session))
                    session.Send(push, session.Jid);
            }
            rosters._changed?.Invoke(account, element);
        }

        /// <summary>Sends a stanza to interested resources as it is.</summary>
        public void SendToInterested(Element stanza)
        {
            foreach (var session in rosters._sessions.Of(account))
            {
                if (IsInterested(session))
                    session.Send(stanza);
            }
        }

        // Not cancelled: afterwards it must be known what is stored.
        private async ValueTask CommitAsync(RosterChange change)
        {
            if (!await rosters._store.ApplyAsync(account, change, CancellationToken.None))
                throw new StoreException(StanzaErrorCondition.ItemNotFound, "The account was removed.");
            cell.Value = cell.Value.With(change);
        }
    }
}
