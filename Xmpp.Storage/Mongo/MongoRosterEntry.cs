using Xmpp.Core;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;

namespace Xmpp.Storage.Mongo;

/// <summary>
/// A document of <c>roster_entry</c>: a contact as it is now, or was. An entry has <c>version</c>; what was in the roster and isn't any
/// more has <c>removed</c>, the version that removed it; a contact that was removed and has sent a request since has both. What is
/// false or empty is left out.
/// </summary>
internal static class MongoRosterEntry
{
    /// <param name="removed">The version that removed it from the roster, if that is to be remembered.</param>
    public static BsonDocument Write(AccountId account, RosterEntry entry, long? removed) =>
        BsonDocument.Build((account, entry, removed), static (w, one) =>
        {
            var entry = one.entry;
            w.Key(one.account, "c", entry.Contact.ToString()).Int64("version", entry.Version);
            if (entry.IsListed)
                w.Bool("listed", true);
            if (entry.Subscription != default)
                w.Int32("subscription", (int)entry.Subscription);
            if (entry.IsAsking)
                w.Bool("asking", true);
            if (entry.IsApproved)
                w.Bool("approved", true);
            if (entry.Name is { } name)
                w.String("name", name);
            if (entry.Groups.Count > 0)
                w.Strings("groups", entry.Groups);
            if (RosterRequest.Write(entry.Request) is { } request)
                w.Bytes("request", request);
            if (one.removed is { } removed)
                w.Int64("removed", removed);
        });

    /// <summary>What remains of a contact that was in the roster.</summary>
    public static BsonDocument WriteRemoved(AccountId account, Jid contact, long version) =>
        BsonDocument.Build((account, contact, version), static (w, one) =>
            w.Key(one.account, "c", one.contact.ToString()).Int64("removed", one.version));

    /// <summary>A contact of whom no removal is known, as a filter.</summary>
    public static BsonDocument NotRemoved(AccountId account, Jid contact) => BsonDocument.Build((account, contact), static (w, one) =>
        w.Key(one.account, "c", one.contact.ToString()).Begin("removed").Bool("$exists", false).End());

    public static BsonDocument SetRemoved(long version) => BsonDocument.Build(version, static (w, version) =>
        w.Begin("$set").Int64("removed", version).End());

    public static Jid ReadContact(BsonReader document) => document.Get("_id"u8).Document.Get("c"u8).ToJid();

    /// <summary>The version that removed the contact, or null.</summary>
    public static long? ReadRemoved(BsonReader document) => document.Has("removed"u8) ? document.Int64 : null;

    /// <summary>The entry, or null where only <see cref="ReadRemoved"/> is.</summary>
    public static RosterEntry? Read(BsonReader document) => !document.Has("version"u8) ? null : new RosterEntry(ReadContact(document))
    {
        Version = document.Int64,
        IsListed = document.Has("listed"u8) && document.Bool,
        Subscription = document.Has("subscription"u8) ? (SubscriptionState)document.Int32 : default,
        IsAsking = document.Has("asking"u8) && document.Bool,
        IsApproved = document.Has("approved"u8) && document.Bool,
        Name = document.Has("name"u8) ? document.String : null,
        Groups = document.Has("groups"u8) ? ReadGroups(document.Array) : [],
        Request = document.Has("request"u8) ? Element.Parse(document.Binary.ToArray()) : null,
    };

    private static List<string> ReadGroups(BsonReader array)
    {
        var groups = new List<string>(1);
        while (array.Next())
            groups.Add(array.String);
        return groups;
    }
}
