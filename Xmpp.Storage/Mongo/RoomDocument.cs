using Xmpp.Core;
using Xmpp.Core.Storage;

namespace Xmpp.Storage.Mongo;

/// <summary>
/// A room as a document of <c>room</c>, and what it keeps of somebody as one of <c>room_member</c>. A change of more than one document
/// stands as <c>step</c> in the room's own until it is done: so it is there whole or not at all.
/// </summary>
internal static class RoomDocument
{
    public static BsonDocument Write(AccountId id, StoredRoom room, RoomChange step) =>
        BsonDocument.Build((id, room, step), static (w, one) =>
        {
            var (service, name) = RoomKey.Of(one.room.Room);
            w.Account("_id", one.id).String("host", service).String("name", name).Date("created", one.room.Created)
                .Change(one.room.Settings, one.room.Subject).Step(one.step);
        });

    /// <summary>A change as an update.</summary>
    /// <param name="step">What is still to be done with the members.</param>
    public static BsonDocument WriteUpdate(RoomChange change, RoomChange step) =>
        BsonDocument.Build((change, step), static (w, one) =>
        {
            w.Begin("$set").Change(one.change.Settings, one.change.Subject).Step(one.step).End();
            // Null is no name, too.
            if (one.change.Settings is { Name: null })
                w.Begin("$unset").Int32("title", 1).End();
        });

    /// <summary>What a change does to the members.</summary>
    public static MongoBulk WriteMembers(AccountId room, RoomChange change)
    {
        var bulk = new MongoBulk();
        foreach (var jid in change.Deleted)
            bulk.Delete(MemberId(room, jid));
        foreach (var member in change.Saved)
            bulk.Replace(MemberId(room, member.Jid), WriteMember(room, member), upsert: true);
        return bulk;
    }

    public static BsonDocument WriteMember(AccountId room, RoomMember member) => BsonDocument.Build((room, member), static (w, one) =>
        w.Begin("_id").Account("a", one.room).Utf8String("j", one.member.Jid.Utf8.Span).End().Member(one.member));

    /// <summary>A member's document, as a filter.</summary>
    public static BsonDocument MemberId(AccountId room, Jid member) => BsonDocument.Build((room, member), static (w, one) =>
        w.Begin("_id").Account("a", one.room).Utf8String("j", one.member.Utf8.Span).End());

    /// <summary>A room without its members.</summary>
    public static StoredRoom Read(Jid room, BsonReader document) => new(
        room,
        document.Get("created"u8).Date,
        new RoomSettings(
            ReadText(document, "title"u8), document.Get("listed"u8).Bool, document.Get("persistent"u8).Bool,
            NamedValues.Read(document.Get("settings"u8).Utf8Bytes)),
        document.Has("subject"u8) ? ReadSubject(document.Document) : null,
        []);

    public static RoomEntry ReadEntry(string service, BsonReader document) => new(
        RoomKey.ToJid(document.Get("name"u8).String, service), ReadText(document, "title"u8), document.Get("listed"u8).Bool,
        document.Get("persistent"u8).Bool, document.Get("created"u8).Date)
    {
        Values = document.Has("settings"u8) ? NamedValues.Read(document.Utf8Bytes) : null,
    };

    /// <summary>What was begun and perhaps not done; null when there is nothing.</summary>
    public static RoomChange? ReadStep(BsonReader document)
    {
        if (!document.Has("step"u8))
            return null;

        var step = document.Document;
        var (saved, deleted) = (new List<RoomMember>(), new List<Jid>());
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

    /// <summary>The room of a member.</summary>
    public static AccountId ReadRoomId(BsonReader document) => AccountId.Of(document.Get("_id"u8).Document.Get("a"u8).ObjectId);

    public static RoomMember ReadMember(BsonReader document) =>
        ReadMember(document.Get("_id"u8).Document.Get("j"u8).ToJid(), document);

    private static RoomMember ReadMember(Jid jid, BsonReader document) => new(jid, (Affiliation)document.Get("affiliation"u8).Int32)
    {
        Reason = ReadText(document, "reason"u8),
        Nick = ReadText(document, "nick"u8),
        Version = document.Get("version"u8).Int64,
        Notifications = document.Has("notifications"u8) ? (RoomNotifications)document.Int32 : null,
    };

    /// <summary>The rooms of a service, as a filter.</summary>
    public static BsonWriter OfService(this BsonWriter w, string service, RoomFilter filter)
    {
        w.String("host", service);
        return filter switch
        {
            RoomFilter.Listed => w.Bool("listed", true),
            RoomFilter.Temporary => w.Bool("persistent", false),
            _ => w,
        };
    }

    private static BsonWriter Change(this BsonWriter w, RoomSettings? settings, RoomSubject? subject)
    {
        if (settings is not null)
        {
            if (settings.Name is { } title)
                w.String("title", title);
            w.Bool("listed", settings.IsListed).Bool("persistent", settings.IsPersistent)
                .String("settings", NamedValues.Write(settings.Values));
        }

        if (subject is null)
            return w;

        w.Begin("subject").String("text", subject.Text);
        if (subject.Nick is { } nick)
            w.String("nick", nick);
        if (subject.By is { } by)
            w.Utf8String("by", by.Utf8.Span);
        return w.Date("at", subject.At).End();
    }

    private static BsonWriter Step(this BsonWriter w, RoomChange step)
    {
        if (step is { Saved: [], Deleted: [] })
            return w;

        w.Begin("step").BeginArray("saved");
        foreach (var member in step.Saved)
            w.Begin().Utf8String("j", member.Jid.Utf8.Span).Member(member).End();
        return w.End().Strings("deleted", step.Deleted.Select(jid => jid.ToString())).End();
    }

    private static BsonWriter Member(this BsonWriter w, RoomMember member)
    {
        w.Int32("affiliation", (int)member.Affiliation);
        if (member.Reason is { } reason)
            w.String("reason", reason);
        if (member.Nick is { } nick)
            w.String("nick", nick);
        if (member.Notifications is { } notifications)
            w.Int32("notifications", (int)notifications);
        return w.Int64("version", member.Version);
    }

    private static RoomSubject ReadSubject(BsonReader subject) => new(
        subject.Get("text"u8).String, ReadText(subject, "nick"u8), subject.Has("by"u8) ? subject.ToJid() : null, subject.Get("at"u8).Date);

    private static string? ReadText(BsonReader document, ReadOnlySpan<byte> name) => document.Has(name) ? document.String : null;
}
