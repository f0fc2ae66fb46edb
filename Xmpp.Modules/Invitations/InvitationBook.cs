using System.Security.Cryptography;
using Xmpp.Core;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;

namespace Xmpp.Modules.Invitations;

/// <summary>What somebody wants to invite to.</summary>
/// <param name="Host">Where accounts are made.</param>
/// <param name="AllowsAccount">Whether the invited may make an account.</param>
/// <param name="Validity">How long.</param>
public sealed record InvitationWish(string Host, bool AllowsAccount, TimeSpan Validity)
{
    /// <summary>The account that becomes a contact of the invited; or null.</summary>
    public Jid? Inviter { get; init; }

    /// <summary>The localpart that is reserved for the invited; or null.</summary>
    public string? Username { get; init; }

    public int Uses { get; init; } = 1;

    /// <summary>How many the inviter may have, this one counted; null for any number.</summary>
    public int? MaxPerInviter { get; init; }
}

/// <summary>Makes invitations and looks after those that were made.</summary>
public sealed class InvitationBook(IInvitationStore invitations, IAccountStore accounts, TimeProvider time)
{
    /// <summary>XEP-0379 §5.1 suggests at least 80 bits; these are 142, and letters and digits only.</summary>
    private const int TokenLength = 24;

    private const string TokenCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

    /// <summary>Whoever showed one in time may still be filling out the form (XEP-0445 §4): so long those that expired are kept.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromHours(3);

    /// <returns>The invitation, or why there is none.</returns>
    /// <exception cref="StoreException">It could not be stored.</exception>
    public async ValueTask<(Invitation? Invitation, StanzaError? Error)> CreateAsync(
        InvitationWish wish, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await invitations.PurgeAsync(now - Grace, cancellationToken);

        string? username = null;
        if (wish.Username is { } name)
        {
            if (!Jid.TryCreate(name, wish.Host, null, out var account))
                return Failed(StanzaErrorCondition.NotAcceptable, $"'{name}' can't be a username.");
            username = account.Local!;
            if (await accounts.FindAsync(account, cancellationToken) is not null
                || await invitations.IsReservedAsync(wish.Host, username, now, cancellationToken))
                return Failed(StanzaErrorCondition.Conflict, $"The username {username} is taken.");
        }
        if (wish is { Inviter: { } inviter, MaxPerInviter: { } limit }
            && await invitations.CountAsync(inviter, now, cancellationToken) >= limit)
            return Failed(StanzaErrorCondition.ResourceConstraint, $"{inviter} has {limit} invitations that were not used yet.");

        var token = RandomNumberGenerator.GetString(TokenCharacters, TokenLength);
        var invitation = new Invitation(
            token, wish.Host, wish.Inviter, wish.AllowsAccount, username, InMilliseconds(now + wish.Validity), wish.Uses);
        return await invitations.AddAsync(invitation, cancellationToken)
            ? (invitation, null)
            : Failed(StanzaErrorCondition.ItemNotFound, $"There is no account {wish.Inviter}.");
    }

    /// <summary>Those of a host that may still be used, the longest valid last.</summary>
    public ValueTask<IReadOnlyList<Invitation>> ListAsync(string host, CancellationToken cancellationToken) =>
        invitations.ListAsync(host, time.GetUtcNow(), cancellationToken);

    /// <summary>Withdraws one; false when there was none.</summary>
    public ValueTask<bool> RevokeAsync(string token, CancellationToken cancellationToken) =>
        invitations.RemoveAsync(token, cancellationToken);

    private static (Invitation?, StanzaError?) Failed(StanzaErrorCondition condition, string text) =>
        (null, StanzaError.Of(condition, text));

    /// <summary>As precise as it is kept.</summary>
    private static DateTimeOffset InMilliseconds(DateTimeOffset time) =>
        DateTimeOffset.FromUnixTimeMilliseconds(time.ToUnixTimeMilliseconds());
}
