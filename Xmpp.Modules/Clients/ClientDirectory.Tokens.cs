using System.Text;
using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Sasl;

namespace Xmpp.Modules.Clients;

/// <summary>What a client says when it logs in by a token.</summary>
/// <param name="Mechanism">By which it does.</param>
/// <param name="Count">How often it has tried with this token, as far as it counts; else null.</param>
/// <param name="Invalidates">Whether the token is to end with this.</param>
/// <param name="TokenMechanism">The mechanism that it wants a further token for, or null.</param>
public sealed record TokenLogin(string Mechanism, uint? Count, bool Invalidates, string? TokenMechanism);

/// <content>Tokens in use (XEP-0484, Server-side handling of multiple active tokens).</content>
public sealed partial class ClientDirectory
{
    /// <summary>
    /// Looks for the token that a client has, and with it notes its login: what follows from it is kept before this completes.
    /// </summary>
    /// <param name="isProven">See <see cref="TokenCheck"/>.</param>
    /// <returns>With <see cref="TokenOutcome.Accepted"/>, a token that the client is to have from now on, or null.</returns>
    public async ValueTask<(TokenOutcome Outcome, IssuedToken? Issued)> UseTokenAsync(
        Jid account, ClientAgent agent, TokenLogin login, Predicate<byte[]> isProven, CancellationToken cancellationToken)
    {
        using var gate = await _gates.EnterAsync(account, alone: true);
        var before = await FindAsync(account, agent.Id, cancellationToken);
        var token = Proven(before?.New) ?? Proven(before?.Current);
        if (before is null || token is null || await accounts.FindAsync(account, cancellationToken) is not { } found)
            return (TokenOutcome.Unknown, null);
        var now = time.GetUtcNow();
        if (!ClientRecord.IsGood(token, now, found))
            return (TokenOutcome.Expired, null);
        if (!found.Enabled)
            return (TokenOutcome.AccountDisabled, null);
        // Business of TLS early data, which there is none of here; but who counts is taken at its word.
        if (login.Count <= token.Count)
            return (TokenOutcome.Unknown, null);

        var used = login.Count is { } count ? token with { Count = count } : token;
        var record = Seen(Use(before, token, used, login.Invalidates), now);
        IssuedToken? issued = null;
        var isDue = !login.Invalidates && now - used.Issued >= options().TokenRotation;
        if (IssuesTokens && (login.TokenMechanism ?? (isDue ? login.Mechanism : null)) is { } mechanism)
            (record, issued) = Issue(record, found, agent.Id, mechanism, now);
        if (record != before && !await SaveAsync(account, agent.Id, record, cancellationToken))
            return (TokenOutcome.Unknown, null);
        return (TokenOutcome.Accepted, issued);

        ClientToken? Proven(ClientToken? candidate) =>
            candidate?.Mechanism == login.Mechanism && isProven(Encoding.UTF8.GetBytes(SecretOf(candidate, account, agent.Id)))
                ? candidate
                : null;
    }

    /// <summary>
    /// What remains when a token was used: it is the current one, and those that end before it have ended. A newer one that the client has
    /// not used stays.
    /// </summary>
    private static ClientRecord Use(ClientRecord record, ClientToken token, ClientToken used, bool isInvalidated)
    {
        var newer = token != record.New && record.New?.Expires >= token.Expires ? record.New : null;
        return record with { Current = isInvalidated ? null : used, New = newer };
    }
}
