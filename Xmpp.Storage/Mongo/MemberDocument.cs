using Xmpp.Core;

namespace Xmpp.Storage.Mongo;

/// <summary>
/// What a room or a node keeps of somebody, as a document whose <c>_id</c> is the room or node (<c>a</c>) and the JID (<c>j</c>), and
/// what is to be done with several of them, as <c>step</c> in the document of the room or node.
/// </summary>
internal abstract class MemberDocument<TMember>
{
    /// <summary>A member's document, as a filter.</summary>
    public static BsonDocument IdOf(AccountId owner, Jid member) =>
        BsonDocument.Build((owner, member), static (w, one) => WriteId(w, one.owner, one.member));

    /// <summary>The room or the node of a member.</summary>
    public static AccountId ReadOwner(BsonReader document) => AccountId.Of(document.Get("_id"u8).Document.Get("a"u8).ObjectId);

    public TMember Read(BsonReader document) => Read(document.Get("_id"u8).Document.Get("j"u8).ToJid(), document);

    public BsonDocument Write(AccountId owner, TMember member) => BsonDocument.Build((owner, member, this), static (w, one) =>
    {
        var (owner, member, document) = one;
        var jid = document.JidOf(member);
        WriteId(w, owner, jid);
        document.WriteKeys(w, jid);
        document.WriteFields(w, member);
    });

    /// <summary>What was begun and perhaps not done; null when there is nothing.</summary>
    public MemberStep<TMember>? ReadStep(BsonReader owner)
    {
        if (!owner.Has("step"u8))
            return null;

        var step = owner.Document;
        var (saved, deleted) = (new List<TMember>(), new List<Jid>());
        var items = step.Get("saved"u8).Array;
        while (items.Next())
        {
            var member = items.Document;
            saved.Add(Read(member.Get("j"u8).ToJid(), member));
        }

        items = step.Get("deleted"u8).Array;
        while (items.Next())
            deleted.Add(items.ToJid());
        return new(saved, deleted);
    }

    /// <summary>Writes a step into the document of a room or a node, unless it is none.</summary>
    public void WriteStep(BsonWriter w, MemberStep<TMember> step)
    {
        if (step.Count == 0)
            return;

        w.Begin("step").BeginArray("saved");
        foreach (var member in step.Saved)
        {
            w.Begin().Utf8String("j", JidOf(member).Utf8.Span);
            WriteFields(w, member);
            w.End();
        }

        w.End().Strings("deleted", step.Deleted.Select(jid => jid.ToString())).End();
    }

    /// <summary>A step as the writes that do it.</summary>
    public MongoBulk ToBulk(AccountId owner, MemberStep<TMember> step)
    {
        var bulk = new MongoBulk();
        foreach (var jid in step.Deleted)
            bulk.Delete(IdOf(owner, jid));
        foreach (var member in step.Saved)
            bulk.Replace(IdOf(owner, JidOf(member)), Write(owner, member), upsert: true);
        return bulk;
    }

    /// <summary>The members as they are once a step is done.</summary>
    public List<TMember> Apply(List<TMember> members, MemberStep<TMember>? step)
    {
        if (step is null)
            return members;

        var changed = members.ToDictionary(JidOf);
        foreach (var jid in step.Deleted)
            changed.Remove(jid);
        foreach (var member in step.Saved)
            changed[JidOf(member)] = member;
        return [.. changed.Values];
    }

    protected abstract Jid JidOf(TMember member);

    protected abstract TMember Read(Jid jid, BsonReader fields);

    protected abstract void WriteFields(BsonWriter w, TMember member);

    /// <summary>Writes what indexes need, into the member's own document only.</summary>
    protected virtual void WriteKeys(BsonWriter w, Jid member)
    {
    }

    private static void WriteId(BsonWriter w, AccountId owner, Jid member) =>
        w.Begin("_id").Account("a", owner).Utf8String("j", member.Utf8.Span).End();
}
