using Xmpp.Core;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;

namespace Xmpp.Storage.Mongo;

/// <summary>
/// The collection <c>invitation</c>. One that an account has made has its id: an invitation whose inviter isn't found under it any more
/// is nobody's, and waits to be erased.
/// </summary>
internal sealed class MongoInvitations(MongoCollection invitations, AccountIds ids) : IInvitationStore
{
    private static readonly FindOptions ByEnd = new() { Sort = BsonDocument.Build(w => w.Int32("expires", 1).Int32("_id", 1)) };

    private static readonly BsonDocument ByToken = BsonDocument.Build(w => w.Int32("_id", 1));

    private static readonly BsonDocument OneUse = BsonDocument.Build(w => w.Begin("$inc").Int32("uses", -1).End());

    public async ValueTask<bool> AddAsync(Invitation invitation, CancellationToken cancellationToken)
    {
        AccountId? inviter = null;
        if (invitation.Inviter is { } jid)
        {
            AccountKey.Of(jid);
            inviter = await ids.FindAsync(jid, cancellationToken);
            if (inviter is null)
                return false;
        }

        return await invitations.InsertAsync(Write(invitation, inviter), cancellationToken)
            ? true
            : throw new StoreException(StanzaErrorCondition.InternalServerError, "There is an invitation with this token already.");
    }

    public async ValueTask<Invitation?> FindAsync(string token, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var found = await invitations.FindOneAsync(Usable(now, w => w.String("_id", token)), Read, null, cancellationToken);
        return found is not null && await IsAnybodysAsync(found, cancellationToken) ? found.Invitation : null;
    }

    public async ValueTask<bool> IsReservedAsync(string host, string username, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var filter = Usable(now, w => w.String("host", host).String("username", username));
        foreach (var found in await invitations.FindAsync(filter, Read, null, cancellationToken))
        {
            if (await IsAnybodysAsync(found, cancellationToken))
                return true;
        }

        return false;
    }

    public async ValueTask<int> CountAsync(Jid inviter, DateTimeOffset now, CancellationToken cancellationToken)
    {
        AccountKey.Of(inviter);
        return await ids.FindAsync(inviter, cancellationToken) is { } id
            ? (int)await invitations.CountAsync(Usable(now, w => w.Account("inviter", id)), null, cancellationToken)
            : 0;
    }

    public async ValueTask<Invitation?> UseAsync(string token, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (await FindAsync(token, now, cancellationToken) is null)
            return null;

        // One step: of several callers each takes another use.
        var used = await invitations.FindAndUpdateAsync(
            Usable(now, w => w.String("_id", token)), OneUse, Read, new FindAndUpdateOptions { ReturnNew = true }, cancellationToken);
        // Nobody finds one without uses; that it is deleted saves its place only.
        if (used is { Invitation.Uses: 0 })
            await TryDeleteAsync(token);
        return used?.Invitation;
    }

    public async ValueTask<IReadOnlyList<Invitation>> ListAsync(string host, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var list = new List<Invitation>();
        foreach (var found in await invitations.FindAsync(Usable(now, w => w.String("host", host)), Read, ByEnd, cancellationToken))
        {
            if (await IsAnybodysAsync(found, cancellationToken))
                list.Add(found.Invitation);
        }

        return list;
    }

    public async ValueTask<bool> RemoveAsync(string token, CancellationToken cancellationToken) =>
        await invitations.DeleteAsync(ById(token), cancellationToken: cancellationToken) > 0;

    public async ValueTask<int> PurgeAsync(DateTimeOffset now, CancellationToken cancellationToken) =>
        (int)await invitations.DeleteAsync(
            BsonDocument.Build(now, static (w, now) => w.Begin("expires").Date("$lte", now).End()), many: true, cancellationToken);

    /// <summary>A page of all that may still be used, by their tokens; shorter than wanted only at the end.</summary>
    internal async ValueTask<IReadOnlyList<Invitation>> ReadPageAsync(
        string after, DateTimeOffset now, int count, CancellationToken cancellationToken)
    {
        var page = new List<Invitation>();
        while (page.Count < count)
        {
            var filter = Usable(now, w => w.Begin("_id").String("$gt", after).End());
            var options = new FindOptions { Sort = ByToken, Limit = count - page.Count };
            var found = await invitations.FindAsync(filter, Read, options, cancellationToken);
            foreach (var one in found)
            {
                if (await IsAnybodysAsync(one, cancellationToken))
                    page.Add(one.Invitation);
                after = one.Invitation.Token;
            }

            if (found.Count < options.Limit)
                break;
        }

        return page;
    }

    /// <summary>How many may still be used.</summary>
    internal ValueTask<long> CountAsync(DateTimeOffset now, CancellationToken cancellationToken) =>
        invitations.CountAsync(Usable(now, static _ => { }), null, cancellationToken);

    /// <summary>Those of an inviter, as a filter.</summary>
    internal static BsonDocument Of(AccountId inviter) => BsonDocument.Build(inviter, static (w, inviter) => w.Account("inviter", inviter));

    private static BsonDocument Usable(DateTimeOffset now, Action<BsonWriter> write) => BsonDocument.Build(w =>
    {
        write(w);
        w.Begin("expires").Date("$gt", now).End().Begin("uses").Int32("$gt", 0).End();
    });

    internal static BsonDocument ById(string token) => BsonDocument.Build(token, static (w, token) => w.String("_id", token));

    internal static BsonDocument Write(Invitation invitation, AccountId? inviter) => BsonDocument.Build(w =>
    {
        w.String("_id", invitation.Token).String("host", invitation.Host);
        if (inviter is { } id)
            w.Account("inviter", id).String("inviterName", $"{invitation.Inviter}");
        w.Bool("allowsAccount", invitation.AllowsAccount);
        if (invitation.Username is { } username)
            w.String("username", username);
        w.Date("expires", invitation.Expires).Int32("uses", invitation.Uses);
    });

    private static Found Read(BsonReader document) => new(
        new Invitation(
            document.Get("_id"u8).String, document.Get("host"u8).String, document.Has("inviterName"u8) ? document.ToJid() : null,
            document.Get("allowsAccount"u8).Bool, document.Has("username"u8) ? document.String : null, document.Get("expires"u8).Date,
            document.Get("uses"u8).Int32),
        document.Has("inviter"u8) ? AccountId.Of(document.ObjectId) : null);

    private async ValueTask<bool> IsAnybodysAsync(Found found, CancellationToken cancellationToken) =>
        found.Inviter is not { } id || await ids.FindAsync(found.Invitation.Inviter!, cancellationToken) == id;

    private async ValueTask TryDeleteAsync(string token)
    {
        try
        {
            await invitations.DeleteAsync(BsonDocument.Build(token, static (w, token) => w.String("_id", token).Int32("uses", 0)));
        }
        catch (StoreException)
        {
            // It goes when it expires.
        }
    }

    private sealed record Found(Invitation Invitation, AccountId? Inviter);
}
