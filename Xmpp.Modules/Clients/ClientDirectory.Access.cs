using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Streams;

namespace Xmpp.Modules.Clients;

/// <summary>A client that has access to an account.</summary>
/// <param name="Id">By which access can be revoked.</param>
/// <param name="IsConnected">Whether it has a session, or can come back to one.</param>
/// <param name="FirstSeen">When it logged in first.</param>
/// <param name="LastSeen">When it logged in last.</param>
/// <param name="KnowsPassword">Whether it has shown that it knows the present password.</param>
/// <param name="HasCertificate">Whether it has logged in by a certificate.</param>
/// <param name="HasToken">Whether it has a token that lets it log in.</param>
/// <param name="Software">Its name, or null.</param>
/// <param name="Device">What it runs on, or null.</param>
public sealed record ClientInfo(
    string Id, bool IsConnected, DateTimeOffset FirstSeen, DateTimeOffset LastSeen, bool KnowsPassword, bool HasCertificate, bool HasToken,
    string? Software, string? Device);

/// <summary>What became of an attempt to keep a client out. Except with the first, its tokens and sessions have ended.</summary>
public enum Revocation
{
    NoSuchClient,

    /// <summary>It has no access any more.</summary>
    Revoked,

    /// <summary>It knows the password, and gets in until there is another one.</summary>
    NeedsNewPassword,

    /// <summary>It has a certificate, and gets in as long as that is accepted.</summary>
    HasCertificate,
}

/// <content>Who has access, and that it ends (XEP-0494).</content>
public sealed partial class ClientDirectory
{
    /// <summary>The clients that have access to an account, those seen last first.</summary>
    public async ValueTask<IReadOnlyList<ClientInfo>> ListAsync(Jid account, CancellationToken cancellationToken)
    {
        if (await accounts.FindAsync(account, cancellationToken) is not { } found)
            return [];
        var (now, keep) = (time.GetUtcNow(), options().Keep);
        var records = await LoadAsync(account, cancellationToken);
        var connected = SessionsOf(account);
        var clients = records
            .Where(entry => entry.Record.KeepUntil(keep) > now || connected.Contains(entry.Id))
            .Select(entry => Describe(entry.Id, entry.Record))
            .Where(client => client.IsConnected || client.KnowsPassword || client.HasCertificate || client.HasToken)
            .ToList();
        // Those that don't say who they are, or of which nothing is kept: they are known by their sessions.
        clients.AddRange(connected
            .Where(entry => !records.Exists(record => record.Id == entry.Key))
            .Select(entry => new ClientInfo(
                entry.Key, IsConnected: true, entry.Min(session => session.Since), entry.Max(session => session.Since),
                KnowsPassword: true, HasCertificate: false, HasToken: false, Software: null, Device: null)));
        return [.. clients.OrderByDescending(client => client.LastSeen)];

        ClientInfo Describe(string id, ClientRecord record) => new(
            id, connected.Contains(id), record.FirstSeen, record.LastSeen, PasswordStamp.IsOf(found, record.Password),
            record.HasCertificate, record.HasToken(now, found), record.Software, record.Device);
    }

    /// <summary>Takes a client's tokens from it and ends its sessions.</summary>
    /// <param name="except">The session that asks for it, which has to be told first and then ended; or null.</param>
    public async ValueTask<Revocation> RevokeAsync(Jid account, string id, ISession? except, CancellationToken cancellationToken)
    {
        var outcome = await TakeAccessAsync(account, id, cancellationToken);
        foreach (var session in SessionsOf(account)[id].Where(session => session != except))
            session.End(new StreamError(StreamErrorCondition.NotAuthorized, "Access was revoked."));
        return outcome;
    }

    /// <summary>Whose session it is: as <see cref="ClientInfo.Id"/> has it.</summary>
    public string IdOf(ISession session) => session.State.Get(ClientAgent.IdKey) ?? Base64Url.EncodeToString(
        HMACSHA256.HashData(secret.Span, Encoding.UTF8.GetBytes($"session {session.Jid}")).AsSpan(0, 9));

    private async ValueTask<Revocation> TakeAccessAsync(Jid account, string id, CancellationToken cancellationToken)
    {
        using var gate = await _gates.EnterAsync(account, alone: true);
        if (await FindAsync(account, id, cancellationToken) is not { } record)
            return SessionsOf(account).Contains(id) ? Revocation.NeedsNewPassword : Revocation.NoSuchClient;
        if (await accounts.FindAsync(account, cancellationToken) is not { } found)
            return Revocation.NoSuchClient;
        var outcome = record.HasCertificate ? Revocation.HasCertificate
            : PasswordStamp.IsOf(found, record.Password) ? Revocation.NeedsNewPassword
            : Revocation.Revoked;
        if (outcome == Revocation.Revoked)
            await data.RemoveAsync(account, Kind, id, cancellationToken);
        else if (record is not { Current: null, New: null })
            await SaveAsync(account, id, record with { Current = null, New = null }, cancellationToken);
        return outcome;
    }

    private ILookup<string, ISession> SessionsOf(Jid account) => sessions.Of(account).ToArray().ToLookup(IdOf);
}
