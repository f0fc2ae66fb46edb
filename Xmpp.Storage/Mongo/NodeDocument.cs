using System.Security.Cryptography;
using Xmpp.Core;
using Xmpp.Core.Storage;

namespace Xmpp.Storage.Mongo;

/// <summary>
/// A node as a document of <c>pubsub_node</c>, what it keeps of somebody as one of <c>pubsub_member</c>, an item as one of
/// <c>pubsub_item</c>. A change stands as <c>step</c> in the node's own until its members are written: so it is there whole or not at all.
/// </summary>
internal static class NodeDocument
{
    /// <summary>What the nodes of a service are found by, as those of an account by its id.</summary>
    public static AccountId ServiceId(string service) => AccountId.Of(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(service)));

    /// <param name="hasMembers">Whether there may be documents of members.</param>
    public static BsonDocument Write(AccountId id, AccountId owner, StoredNode node, NodeChange step, bool hasMembers) =>
        BsonDocument.Build((id, owner, node, step, hasMembers), static (w, one) =>
        {
            w.Account("_id", one.id).Account("a", one.owner).String("name", one.node.Name).Date("created", one.node.Created)
                .String("settings", NamedValues.Write(one.node.Settings));
            if (NodeKey.ServiceOf(one.node.Owner) is { } service)
                w.String("service", service);
            if (one.hasMembers)
                w.Bool("m", true);
            w.Step(one.step);
        });

    /// <summary>A change as an update.</summary>
    public static BsonDocument WriteUpdate(NodeChange change) => BsonDocument.Build(change, static (w, change) =>
    {
        w.Begin("$set");
        if (change.Settings is { } settings)
            w.String("settings", NamedValues.Write(settings));
        if (change is not { Saved: [], Deleted: [] })
            w.Bool("m", true);
        w.Step(change).End();
    });

    /// <summary>What a change does to the members.</summary>
    public static MongoBulk WriteMembers(AccountId node, NodeChange change)
    {
        var bulk = new MongoBulk();
        foreach (var jid in change.Deleted)
            bulk.Delete(MemberId(node, jid));
        foreach (var member in change.Saved)
            bulk.Replace(MemberId(node, member.Jid), WriteMember(node, member), upsert: true);
        return bulk;
    }

    private static BsonDocument MemberId(AccountId node, Jid member) => BsonDocument.Build((node, member), static (w, one) =>
        w.Begin("_id").Account("a", one.node).Utf8String("j", one.member.Utf8.Span).End());

    public static BsonDocument WriteMember(AccountId node, NodeMember member) => BsonDocument.Build((node, member), static (w, one) =>
        w.Begin("_id").Account("a", one.node).Utf8String("j", one.member.Jid.Utf8.Span).End()
            .Utf8String("p", one.member.Jid.Bare.Utf8.Span).Member(one.member));

    public static BsonDocument WriteItem(AccountId node, StoredItem item) => BsonDocument.Build((node, item), static (w, one) =>
    {
        w.Key(one.node, "i", one.item.Id).Id("p", one.item.Position.Value);
        if (one.item.Publisher is { } publisher)
            w.Utf8String("by", publisher.Utf8.Span);
        w.Bytes("payload", one.item.Payload.Span);
    });

    /// <summary>An item's document, as a filter.</summary>
    public static BsonDocument ItemId(AccountId node, string item) =>
        BsonDocument.Build((node, item), static (w, one) => w.Key(one.node, "i", one.item));

    /// <summary>A node without its members.</summary>
    public static StoredNode Read(Jid owner, BsonReader document) => new(
        owner, document.Get("name"u8).String, document.Get("created"u8).Date, NamedValues.Read(document.Get("settings"u8).Utf8Bytes), []);

    /// <summary>Whether there may be members.</summary>
    public static bool HasMembers(BsonReader document) => document.Has("m"u8);

    /// <summary>What was begun and perhaps not done; null when there is nothing.</summary>
    public static NodeChange? ReadStep(BsonReader document)
    {
        if (!document.Has("step"u8))
            return null;

        var step = document.Document;
        var (saved, deleted) = (new List<NodeMember>(), new List<Jid>());
        var items = step.Get("saved"u8).Array;
        while (items.Next())
        {
            var member = items.Document;
            saved.Add(ReadMember(member.Get("j"u8).ToJid(), member));
        }

        items = step.Get("deleted"u8).Array;
        while (items.Next())
            deleted.Add(items.ToJid());
        return new() { Saved = saved, Deleted = deleted };
    }

    /// <summary>The node of a member.</summary>
    public static AccountId ReadNodeId(BsonReader document) => AccountId.Of(document.Get("_id"u8).Document.Get("a"u8).ObjectId);

    public static NodeMember ReadMember(BsonReader document) =>
        ReadMember(document.Get("_id"u8).Document.Get("j"u8).ToJid(), document);

    public static StoredItem ReadItem(BsonReader document) => new(
        document.Get("_id"u8).Document.Get("i"u8).String, new(ArchiveDocument.ToId(document.Get("p"u8))),
        document.Has("by"u8) ? document.ToJid() : null, document.Get("payload"u8).Binary.ToArray());

    private static NodeMember ReadMember(Jid jid, BsonReader document) => new(
        jid, (NodeAffiliation)document.Get("affiliation"u8).Int32, (NodeSubscription)document.Get("subscription"u8).Int32)
    {
        Options = NamedValues.Read(document.Get("options"u8).Utf8Bytes),
    };

    private static BsonWriter Step(this BsonWriter w, NodeChange step)
    {
        if (step is { Saved: [], Deleted: [] })
            return w;

        w.Begin("step").BeginArray("saved");
        foreach (var member in step.Saved)
            w.Begin().Utf8String("j", member.Jid.Utf8.Span).Member(member).End();
        return w.End().Strings("deleted", step.Deleted.Select(jid => jid.ToString())).End();
    }

    private static BsonWriter Member(this BsonWriter w, NodeMember member) => w.Int32("affiliation", (int)member.Affiliation)
        .Int32("subscription", (int)member.Subscription).String("options", NamedValues.Write(member.Options));
}
