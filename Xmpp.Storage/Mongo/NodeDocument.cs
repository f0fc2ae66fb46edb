using System.Security.Cryptography;
using Xmpp.Core;
using Xmpp.Core.Storage;

namespace Xmpp.Storage.Mongo;

/// <summary>
/// A node as a document of <c>pubsub_node</c>, what it keeps of somebody as one of <c>pubsub_member</c>, an item as one of
/// <c>pubsub_item</c>.
/// </summary>
internal static class NodeDocument
{
    public static MemberDocument<NodeMember> Members { get; } = new NodeMemberDocument();

    /// <summary>What the nodes of a service are found by, as those of an account by its id.</summary>
    public static AccountId ServiceId(string service) => AccountId.Of(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(service)));

    /// <param name="hasMembers">Whether there may be documents of members.</param>
    public static BsonDocument Write(AccountId id, AccountId owner, StoredNode node, MemberStep<NodeMember> step, bool hasMembers) =>
        BsonDocument.Build((id, owner, node, step, hasMembers), static (w, one) =>
        {
            w.Account("_id", one.id).Account("a", one.owner).String("name", one.node.Name).Date("created", one.node.Created)
                .String("settings", NamedValues.Write(one.node.Settings));
            if (NodeKey.ServiceOf(one.node.Owner) is { } service)
                w.String("service", service);
            if (one.hasMembers)
                w.Bool("m", true);
            Members.WriteStep(w, one.step);
        });

    /// <summary>A change as an update.</summary>
    public static BsonDocument WriteUpdate(NodeChange change) => BsonDocument.Build(change, static (w, change) =>
    {
        w.Begin("$set");
        if (change.Settings is { } settings)
            w.String("settings", NamedValues.Write(settings));
        var step = change.ToStep();
        if (step.Count > 0)
            w.Bool("m", true);
        Members.WriteStep(w, step);
        w.End();
    });

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

    public static StoredItem ReadItem(BsonReader document) => new(
        document.Get("_id"u8).Document.Get("i"u8).String, new(ArchiveDocument.ToId(document.Get("p"u8))),
        document.Has("by"u8) ? document.ToJid() : null, document.Get("payload"u8).Binary.ToArray());

    private sealed class NodeMemberDocument : MemberDocument<NodeMember>
    {
        protected override Jid JidOf(NodeMember member) => member.Jid;

        protected override NodeMember Read(Jid jid, BsonReader fields) => new(
            jid, (NodeAffiliation)fields.Get("affiliation"u8).Int32, (NodeSubscription)fields.Get("subscription"u8).Int32)
        {
            Options = NamedValues.Read(fields.Get("options"u8).Utf8Bytes),
        };

        protected override void WriteFields(BsonWriter w, NodeMember member) => w.Int32("affiliation", (int)member.Affiliation)
            .Int32("subscription", (int)member.Subscription).String("options", NamedValues.Write(member.Options));

        // Of whatever resource: all of one person are found together.
        protected override void WriteKeys(BsonWriter w, Jid member) => w.Utf8String("p", member.Bare.Utf8.Span);
    }
}
