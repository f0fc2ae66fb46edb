using Xmpp.Core;
using Xmpp.Core.Storage;

namespace Xmpp.Modules.Rooms;

/// <content>What is done to the room from outside, by who administers the service. What isn't possible is said in words.</content>
internal sealed partial class Room
{
    /// <summary>Makes the room as it is to be.</summary>
    /// <returns>Why not, or null.</returns>
    public async ValueTask<string?> CreateAsync(Jid? owner, IReadOnlyList<string> values, CancellationToken cancellationToken)
    {
        if (Exists)
            return $"There is a room {Jid} already.";
        // Made for later: nobody is in it yet.
        var before = RoomDefaults.ConfigurationOf(Options) with { IsPersistent = true };
        if (TryConfigure(before, values, out var configuration) is { } problem)
            return problem;
        RoomMember[] members = owner is null ? [] : [new(owner, Affiliation.Owner)];
        var stored = new StoredRoom(Jid, Now, configuration.ToSettings(), null, members);
        if (!await _services.Store.AddAsync(stored, cancellationToken))
            return $"There is a room {Jid} already.";
        Load(stored, _occupantIds);
        return null;
    }

    /// <inheritdoc cref="CreateAsync"/>
    /// <summary>Changes the configuration, and tells those who are here.</summary>
    public async ValueTask<string?> ConfigureAsync(IReadOnlyList<string> values, CancellationToken cancellationToken)
    {
        if (TryConfigure(Configuration, values, out var configuration) is { } problem)
            return problem;
        if (configuration != Configuration)
            await ApplyAsync(configuration.ToSettings(), [], [], actor: null, static () => { }, cancellationToken);
        return null;
    }

    /// <inheritdoc cref="CreateAsync"/>
    /// <summary>Gives somebody an affiliation.</summary>
    public async ValueTask<string?> SetAffiliationAsync(
        Jid jid, Affiliation affiliation, string? reason, CancellationToken cancellationToken)
    {
        if (jid.Local is null && affiliation >= Affiliation.Admin)
            return "A whole domain can be banned, or a member, no more.";
        var before = MemberOf(jid);
        var nick = affiliation <= Affiliation.None ? null : before.Nick;
        await ChangeAffiliationAsync(before, before with { Affiliation = affiliation, Nick = nick, Reason = reason }, cancellationToken);
        return null;
    }

    /// <summary>Keeps nothing more of an account that is gone.</summary>
    public async ValueTask ForgetAsync(Jid account, CancellationToken cancellationToken)
    {
        if (_members.TryGetValue(account, out var member))
            await ChangeAffiliationAsync(member, new(account, Affiliation.None), cancellationToken);
        // Nor that it was here; who has an older version of the list gets it whole.
        if (_removed.ContainsKey(account))
            await ChangeAsync(new RoomChange { Saved = [Floor(_version)], Deleted = [account] }, cancellationToken);
    }

    /// <inheritdoc cref="CreateAsync"/>
    /// <summary>Removes an occupant.</summary>
    public async ValueTask<string?> KickAsync(string nick, string? reason, CancellationToken cancellationToken)
    {
        if (FindNick(nick) is not { } occupant)
            return $"Nobody in {Jid} is called {nick}.";
        await ApplyAsync(settings: null, [], [(occupant, Role.None, reason)], actor: null, static () => { }, cancellationToken);
        return null;
    }

    private ValueTask ChangeAffiliationAsync(RoomMember before, RoomMember after, CancellationToken cancellationToken) =>
        ApplyAsync(settings: null, [new(after, before.Affiliation)], [], actor: null, static () => { }, cancellationToken);

    private string? TryConfigure(RoomConfiguration before, IReadOnlyList<string> values, out RoomConfiguration configuration) =>
        RoomDefaults.TryApply(before, values, out configuration, out var problem) ? Check(configuration) : problem;
}
