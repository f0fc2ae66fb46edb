using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Storage;
using Xmpp.Modules.Rosters;

namespace Xmpp.Modules.Archive;

/// <summary>The preferences of all accounts, those in use in memory.</summary>
public sealed class ArchivePreferenceBook(ISessionDirectory sessions, IAccountDataStore store, RosterDirectory rosters)
{
    private const string Kind = "archive-preferences";
    private static readonly AccountDataLimit Limit = new(MaxEntries: 1, MaxBytes: int.MaxValue);

    private readonly AccountCache<ArchivePreferences> _cache = new(sessions, async (account, cancellationToken) =>
        await store.FindAsync(account, Kind, "", cancellationToken) is { } stored
            ? ArchivePreferences.Parse(StoredXml.Read(stored)) ?? ArchivePreferences.None
            : ArchivePreferences.None);

    /// <summary>An account's preferences; also of one that doesn't exist. Completes at once when they are in memory.</summary>
    public ValueTask<ArchivePreferences> GetAsync(Jid account, CancellationToken cancellationToken) =>
        _cache.GetAsync(account, cancellationToken);

    /// <summary>Whether what passes between an account and somebody is archived. Completes at once when all is in memory.</summary>
    /// <param name="peer">The other side, as the message names it.</param>
    /// <param name="otherwise">For accounts that have not said what they want.</param>
    public ValueTask<bool> KeepsAsync(Jid account, Jid peer, ArchiveDefault otherwise, CancellationToken cancellationToken)
    {
        var preferences = GetAsync(account, cancellationToken);
        if (!preferences.IsCompletedSuccessfully)
            return KeepsAsync(preferences, account, peer, otherwise, cancellationToken);
        return Judge(preferences.Result, peer, otherwise) is { } keeps ? new(keeps) : IsContactAsync(account, peer, cancellationToken);
    }

    /// <summary>False when there is no such account.</summary>
    public ValueTask<bool> SetAsync(Jid account, ArchivePreferences preferences, CancellationToken cancellationToken) =>
        _cache.ChangeAsync(account, async cell =>
        {
            var stored = StoredXml.Write(preferences.ToElement(preferences.Default!.Value));
            if (await store.SetAsync(account, Kind, "", stored, Limit, cancellationToken) != AccountDataOutcome.Kept)
                return false;
            cell.Value = preferences;
            return true;
        }, cancellationToken);

    /// <summary>Forgets an account that was removed.</summary>
    public ValueTask ForgetAsync(Jid account) => _cache.ForgetAsync(account);

    /// <summary>Null: the roster decides.</summary>
    private static bool? Judge(ArchivePreferences preferences, Jid peer, ArchiveDefault otherwise) =>
        preferences.Find(peer) ?? (preferences.Default ?? otherwise) switch
        {
            ArchiveDefault.Always => true,
            ArchiveDefault.Never => false,
            _ => null,
        };

    private async ValueTask<bool> KeepsAsync(
        ValueTask<ArchivePreferences> preferences, Jid account, Jid peer, ArchiveDefault otherwise, CancellationToken cancellationToken) =>
        Judge(await preferences, peer, otherwise) ?? await IsContactAsync(account, peer, cancellationToken);

    private async ValueTask<bool> IsContactAsync(Jid account, Jid peer, CancellationToken cancellationToken) =>
        (await rosters.GetAsync(account, cancellationToken))?.Find(peer.Bare) is { IsListed: true };
}
