using Xmpp.Core;
using Xmpp.Core.Storage;

namespace Xmpp.Storage.Mongo;

/// <summary>
/// A room as a document of <c>room</c>, and what it keeps of somebody as one of <c>room_member</c>.
/// </summary>
internal static class RoomDocument
{
    public static MemberDocument<RoomMember> Members { get; } = new RoomMemberDocument();

    public static BsonDocument Write(AccountId id, StoredRoom room, MemberStep<RoomMember> step) =>
        BsonDocument.Build((id, room, step), static (w, one) =>
        {
            var (service, name) = RoomKey.Of(one.room.Room);
            w.Account("_id", one.id).String("host", service).String("name", name).Date("created", one.room.Created)
                .Change(one.room.Settings, one.room.Subject);
            Members.WriteStep(w, one.step);
        });

    /// <summary>A change as an update.</summary>
    public static BsonDocument WriteUpdate(RoomChange change) => BsonDocument.Build(change, static (w, change) =>
    {
        w.Begin("$set").Change(change.Settings, change.Subject);
        Members.WriteStep(w, change.ToStep());
        w.End();
        // Null is no name, too.
        if (change.Settings is { Name: null })
            w.Begin("$unset").Int32("title", 1).End();
    });

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

    private static RoomSubject ReadSubject(BsonReader subject) => new(
        subject.Get("text"u8).String, ReadText(subject, "nick"u8), subject.Has("by"u8) ? subject.ToJid() : null, subject.Get("at"u8).Date);

    private static string? ReadText(BsonReader document, ReadOnlySpan<byte> name) => document.Has(name) ? document.String : null;

    private sealed class RoomMemberDocument : MemberDocument<RoomMember>
    {
        protected override Jid JidOf(RoomMember member) => member.Jid;

        protected override RoomMember Read(Jid jid, BsonReader fields) => new(jid, (Affiliation)fields.Get("affiliation"u8).Int32)
        {
            Reason = ReadText(fields, "reason"u8),
            Nick = ReadText(fields, "nick"u8),
            Version = fields.Get("version"u8).Int64,
            Notifications = fields.Has("notifications"u8) ? (RoomNotifications)fields.Int32 : null,
        };

        protected override void WriteFields(BsonWriter w, RoomMember member)
        {
            w.Int32("affiliation", (int)member.Affiliation);
            if (member.Reason is { } reason)
                w.String("reason", reason);
            if (member.Nick is { } nick)
                w.String("nick", nick);
            if (member.Notifications is { } notifications)
                w.Int32("notifications", (int)notifications);
            w.Int64("version", member.Version);
        }
    }
}
