using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Sasl;
using Xmpp.Core.Storage;

namespace Xmpp.Modules.Clients;

/// <summary>A token on its way to its client.</summary>
/// <param name="Token">The secret itself.</param>
public sealed record IssuedToken(string Token, DateTimeOffset Expires);

/// <summary>
/// The clients that have logged in to accounts, and their tokens (XEP-0484). They are kept as the accounts' data: they go and move with
/// the account. Changes of one account's clients come one after the other.
/// </summary>
/// <param name="secret">What tokens are made of, together with what is kept: a copy of an account's data logs nobody in.</param>
/// <param name="options">Those in force.</param>
public sealed partial class ClientDirectory(
    IAccountStore accounts, IAccountDataStore data, ISessionDirectory sessions, ReadOnlyMemory<byte> secret, Func<ClientOptions> options,
    TimeProvider time)
{
    private const string Kind = "client";

    /// <summary>A client that logs in more often than this is noted once.</summary>
    private static readonly TimeSpan Precision = TimeSpan.FromHours(1);

    /// <summary>More than the options allow, which are watched over here.</summary>
    private static readonly AccountDataLimit Limit = new(2000, 4 * 1024 * 1024);

    private readonly AccountGates _gates = new();

    /// <summary>Whether clients can have tokens.</summary>
    public bool IssuesTokens => options().TokenLifetime > TimeSpan.Zero;

    /// <summary>Notes that a client has logged in by other means than a token.</summary>
    /// <param name="mechanism">The SASL mechanism.</param>
    /// <param name="tokenMechanism">The mechanism that the client wants a token for; null when it wants none.</param>
    /// <returns>The token, kept already; null when none was asked for, or the account is gone.</returns>
    public async ValueTask<IssuedToken?> NoteLoginAsync(
        Jid account, ClientAgent agent, string mechanism, string? tokenMechanism, CancellationToken cancellationToken)
    {
        using var gate = await _gates.EnterAsync(account, alone: true);
        if (await accounts.FindAsync(account, cancellationToken) is not { } found)
            return null;
        var now = time.GetUtcNow();
        var before = await FindAsync(account, agent.Id, cancellationToken);
        var record = Seen(before ?? new ClientRecord(now, now), now) with
        {
            Software = options().Names ? agent.Software : null,
            Device = options().Names ? agent.Device : null,
        };
        record = mechanism == ExternalMechanism.MechanismName
            ? record with { HasCertificate = true }
            : record with { Password = PasswordStamp.Of(found) };
        IssuedToken? issued = null;
        if (tokenMechanism is not null && IssuesTokens)
            (record, issued) = Issue(record, found, agent.Id, tokenMechanism, now);
        if (record == before || record.KeepUntil(options().Keep) <= now)
            return null;
        if (before is null)
            await MakeRoomAsync(account, now, cancellationToken);
        return await SaveAsync(account, agent.Id, record, cancellationToken) ? issued : null;
    }

    /// <summary>Forgets clients that have been away for too long, and those that there is no room for.</summary>
    private async ValueTask MakeRoomAsync(Jid account, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var (keep, most) = (options().Keep, options().PerAccount);
        var records = await LoadAsync(account, cancellationToken);
        var kept = records
            .Where(entry => entry.Record.KeepUntil(keep) > now)
            .OrderByDescending(entry => entry.Record.LastSeen)
            .Take(most - 1)
            .Select(entry => entry.Id)
            .ToHashSet();
        foreach (var (id, _) in records.Where(entry => !kept.Contains(entry.Id)))
            await data.RemoveAsync(account, Kind, id, cancellationToken);
    }

    private async ValueTask<List<(string Id, ClientRecord Record)>> LoadAsync(Jid account, CancellationToken cancellationToken) =>
        [.. (await data.ListAsync(account, Kind, cancellationToken)).Select(entry => (entry.Key, ClientRecord.Read(entry.Value)))];

    private async ValueTask<ClientRecord?> FindAsync(Jid account, string id, CancellationToken cancellationToken) =>
        await data.FindAsync(account, Kind, id, cancellationToken) is { } stored ? ClientRecord.Read(stored) : null;

    private async ValueTask<bool> SaveAsync(Jid account, string id, ClientRecord record, CancellationToken cancellationToken) =>
        await data.SetAsync(account, Kind, id, record.Write(), Limit, cancellationToken) == AccountDataOutcome.Kept;

    private static ClientRecord Seen(ClientRecord record, DateTimeOffset now) =>
        now - record.LastSeen < Precision ? record : record with { LastSeen = now };

    /// <summary>Makes a token, in the place of the one that the client was given before and has not used.</summary>
    private (ClientRecord Record, IssuedToken Issued) Issue(
        ClientRecord record, Account account, string id, string mechanism, DateTimeOffset now)
    {
        var token = new ClientToken(
            mechanism, Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(18)), now, now + options().TokenLifetime,
            PasswordStamp.Of(account));
        return (record with { New = token }, new IssuedToken(SecretOf(token, account.Jid, id), token.Expires));
    }

    private string SecretOf(ClientToken token, Jid account, string id) => Base64Url.EncodeToString(HMACSHA256.HashData(
        secret.Span, Encoding.UTF8.GetBytes($"token {account} {id} {token.Mechanism} {token.Salt}")));
}
