namespace Xmpp.Core.Storage;

/// <summary>An invitation to make an account, to become a contact, or both (XEP-0379, 0401, 0445).</summary>
/// <param name="Token">Unguessable; the key.</param>
/// <param name="Host">Where it holds.</param>
/// <param name="Inviter">The account that becomes a contact of the invited; null when the operator invites.</param>
/// <param name="AllowsAccount">Whether an account may be made with it.</param>
/// <param name="Username">The localpart reserved for it, or null.</param>
/// <param name="Expires">When it ends, in milliseconds' precision.</param>
/// <param name="Uses">How often it may still be used.</param>
public sealed record Invitation(
    string Token, string Host, Jid? Inviter, bool AllowsAccount, string? Username, DateTimeOffset Expires, int Uses);

/// <summary>Invitations that have not been used up. One goes with its inviter's account. A completed task means durably committed.</summary>
public interface IInvitationStore
{
    /// <summary>Keeps one; false when its inviter has no account (any more).</summary>
    ValueTask<bool> AddAsync(Invitation invitation, CancellationToken cancellationToken);

    /// <summary>An invitation that may still be used at this time, or null.</summary>
    ValueTask<Invitation?> FindAsync(string token, DateTimeOffset now, CancellationToken cancellationToken);

    /// <summary>Whether a localpart is reserved for whoever has the invitation of it.</summary>
    ValueTask<bool> IsReservedAsync(string host, string username, DateTimeOffset now, CancellationToken cancellationToken);

    /// <summary>How many of an inviter's may still be used.</summary>
    ValueTask<int> CountAsync(Jid inviter, DateTimeOffset now, CancellationToken cancellationToken);

    /// <summary>Uses it once: of several callers only as many succeed as it has uses. Null when it can't be used (any more).</summary>
    /// <returns>What it is from now on, with one use less.</returns>
    ValueTask<Invitation?> UseAsync(string token, DateTimeOffset now, CancellationToken cancellationToken);

    /// <summary>Those of a host that may still be used, the longest valid last.</summary>
    ValueTask<IReadOnlyList<Invitation>> ListAsync(string host, DateTimeOffset now, CancellationToken cancellationToken);

    /// <summary>Withdraws one; false when there was none.</summary>
    ValueTask<bool> RemoveAsync(string token, CancellationToken cancellationToken);

    /// <summary>Forgets those that have expired.</summary>
    /// <returns>How many.</returns>
    ValueTask<int> PurgeAsync(DateTimeOffset now, CancellationToken cancellationToken);
}
