using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;
using Xmpp.Core;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;

namespace Xmpp.Storage.Transfer;

/// <summary>Writes records as lines of JSON; docs/storage.md describes them. <see cref="RecordParser"/> reads them.</summary>
internal sealed class RecordWriter : IDisposable
{
    public const string FormatName = "xmppchat-store";

    /// <summary>Of the format: grows with each change that an older reader would misunderstand.</summary>
    public const int FormatVersion = 4;

    /// <summary>The version that a kind came with.</summary>
    public static int FirstVersionOf(RecordKind kind) => kind switch
    {
        RecordKind.Archived or RecordKind.ReadMark => 2,
        RecordKind.Room or RecordKind.RoomMember or RecordKind.RoomArchived => 3,
        RecordKind.Node or RecordKind.NodeMember or RecordKind.NodeItem => 4,
        _ => 1,
    };

    private readonly ArrayBufferWriter<byte> _buffer = new(4096);
    private readonly ArrayBufferWriter<byte> _xml = new();
    private readonly Utf8JsonWriter _json;

    public RecordWriter() =>
        _json = new(_buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    /// <returns>The line without a line feed, until the next call.</returns>
    public ReadOnlyMemory<byte> WriteHeader(DateTimeOffset created, string program)
    {
        Begin();
        _json.WriteString("format", FormatName);
        _json.WriteNumber("version", FormatVersion);
        _json.WriteString("created", created);
        _json.WriteString("by", program);
        return End();
    }

    /// <inheritdoc cref="WriteHeader"/>
    public ReadOnlyMemory<byte> WriteEnd(StoreCounts counts, string sha256)
    {
        Begin();
        _json.WriteString("kind", "end");
        _json.WriteStartObject("counts");
        foreach (var kind in StoreCounts.Counted)
            _json.WriteNumber(RecordNames.Of(kind), counts[kind]);
        _json.WriteEndObject();
        _json.WriteString("sha256", sha256);
        return End();
    }

    /// <inheritdoc cref="WriteHeader"/>
    public ReadOnlyMemory<byte> Write(StoreRecord record)
    {
        Begin();
        _json.WriteString("kind", RecordNames.Of(record.Kind));
        switch (record)
        {
            case AccountRecord account:
                WriteAccount(account);
                break;
            case ContactRecord contact:
                WriteContact(contact.Entry);
                break;
            case RemovalRecord removal:
                _json.WriteString("jid", removal.Contact.Utf8.Span);
                _json.WriteNumber("version", removal.Version);
                break;
            case BlockedRecord blocked:
                _json.WriteString("jid", blocked.Blocked.Utf8.Span);
                break;
            case DataRecord data:
                _json.WriteString("of", data.DataKind);
                _json.WriteString("key", data.Key);
                WriteOctets(data.Value.Span);
                break;
            case LastSeenRecord seen:
                _json.WriteString("at", seen.Seen.At);
                WriteOctets(seen.Seen.Presence.Span);
                break;
            case MessageRecord message:
                _json.WriteString("at", message.At);
                WriteOctets(message.Stanza.Span);
                break;
            case ArchivedRecord { Message: var message }:
                WriteArchived(message);
                break;
            case ReadMarkRecord mark:
                _json.WriteString("jid", mark.With.Utf8.Span);
                _json.WriteString("upTo", mark.UpTo.ToString());
                break;
            case RoomRecord { Room: var room }:
                WriteRoom(room);
                break;
            case RoomMemberRecord { Member: var member }:
                WriteMember(member);
                break;
            case RoomArchivedRecord { Message: var message }:
                WriteArchived(message);
                break;
            case NodeRecord { Node: var node }:
                _json.WriteString("jid", node.Owner.Utf8.Span);
                _json.WriteString("node", node.Name);
                _json.WriteString("created", node.Created);
                WriteValues("settings", node.Settings);
                break;
            case NodeMemberRecord { Member: var member }:
                _json.WriteString("jid", member.Jid.Utf8.Span);
                _json.WriteString("affiliation", RecordNames.Of(member.Affiliation));
                _json.WriteString("subscription", RecordNames.Of(member.Subscription));
                WriteValues("options", member.Options);
                break;
            case NodeItemRecord { Item: var item }:
                WriteItem(item);
                break;
            case InvitationRecord invitation:
                WriteInvitation(invitation.Invitation);
                break;
            case SettingRecord setting:
                _json.WriteString("host", setting.Host);
                _json.WriteString("name", setting.Name);
                _json.WriteString("value", setting.Value);
                break;
            case SecretRecord secret:
                _json.WriteString("name", secret.Name);
                _json.WriteBase64String("base64", secret.Value.Span);
                break;
            case RetiredRosterVersionRecord retired:
                _json.WriteNumber("version", retired.Version);
                break;
            default:
                throw new ArgumentException($"{record.Kind} has no line.");
        }

        return End();
    }

    public void Dispose() => _json.Dispose();

    private void WriteAccount(AccountRecord record)
    {
        var account = record.Account;
        _json.WriteString("jid", account.Jid.Utf8.Span);
        _json.WriteBoolean("enabled", account.Enabled);
        _json.WriteString("created", account.Created);
        if (account.LastLogin is { } login)
            _json.WriteString("lastLogin", login);
        _json.WriteNumber("rosterVersion", record.RosterVersion);
        _json.WriteNumber("rosterFloor", record.RosterFloor);
        _json.WriteStartArray("keys");
        foreach (var keys in account.Keys)
        {
            _json.WriteStartObject();
            _json.WriteString("hash", keys.Hash);
            _json.WriteBase64String("salt", keys.Salt.Span);
            _json.WriteNumber("iterations", keys.Iterations);
            _json.WriteBase64String("storedKey", keys.StoredKey.Span);
            _json.WriteBase64String("serverKey", keys.ServerKey.Span);
            _json.WriteEndObject();
        }

        _json.WriteEndArray();
    }

    private void WriteContact(RosterEntry entry)
    {
        _json.WriteString("jid", entry.Contact.Utf8.Span);
        _json.WriteNumber("version", entry.Version);
        _json.WriteBoolean("listed", entry.IsListed);
        _json.WriteString("subscription", RecordNames.Of(entry.Subscription));
        if (entry.IsAsking)
            _json.WriteBoolean("asking", true);
        if (entry.IsApproved)
            _json.WriteBoolean("approved", true);
        if (entry.Name is not null)
            _json.WriteString("name", entry.Name);
        if (entry.Groups.Count > 0)
        {
            _json.WriteStartArray("groups");
            foreach (var group in entry.Groups)
                _json.WriteStringValue(group);
            _json.WriteEndArray();
        }

        if (entry.Request is { } request)
        {
            _xml.ResetWrittenCount();
            XmlStreamWriter.Write(_xml, request, Namespaces.Client, streamPrefix: false);
            _json.WriteString("request", _xml.WrittenSpan);
        }
    }

    private void WriteArchived(ArchiveEntry message)
    {
        _json.WriteString("id", message.Id.ToString());
        _json.WriteString("with", message.With.Utf8.Span);
        if (message.IsIncoming)
            _json.WriteBoolean("incoming", true);
        if (message.IsShown)
            _json.WriteBoolean("shown", true);
        if (message.Text is not null)
            _json.WriteString("text", message.Text);
        WriteOctets(message.Stanza.Span);
    }

    private void WriteRoom(StoredRoom room)
    {
        var settings = room.Settings;
        _json.WriteString("jid", room.Room.Utf8.Span);
        _json.WriteString("created", room.Created);
        if (settings.Name is not null)
            _json.WriteString("name", settings.Name);
        _json.WriteBoolean("listed", settings.IsListed);
        _json.WriteBoolean("persistent", settings.IsPersistent);
        WriteValues("settings", settings.Values);
        if (room.Subject is not { } subject)
            return;

        _json.WriteStartObject("subject");
        _json.WriteString("text", subject.Text);
        if (subject.Nick is not null)
            _json.WriteString("nick", subject.Nick);
        if (subject.By is { } by)
            _json.WriteString("by", by.Utf8.Span);
        _json.WriteString("at", subject.At);
        _json.WriteEndObject();
    }

    private void WriteMember(RoomMember member)
    {
        _json.WriteString("jid", member.Jid.Utf8.Span);
        _json.WriteString("affiliation", RecordNames.Of(member.Affiliation));
        if (member.Reason is not null)
            _json.WriteString("reason", member.Reason);
        if (member.Nick is not null)
            _json.WriteString("nick", member.Nick);
        if (member.Notifications is { } notifications)
            _json.WriteString("notifications", RecordNames.Of(notifications));
        _json.WriteNumber("version", member.Version);
    }

    private void WriteItem(StoredItem item)
    {
        _json.WriteString("id", item.Id);
        _json.WriteString("position", item.Position.ToString());
        if (item.Publisher is { } publisher)
            _json.WriteString("by", publisher.Utf8.Span);
        WriteOctets(item.Payload.Span);
    }

    private void WriteValues(string name, IReadOnlyDictionary<string, string> values)
    {
        _json.WriteStartObject(name);
        foreach (var (key, value) in values.OrderBy(value => value.Key, StringComparer.Ordinal))
            _json.WriteString(key, value);
        _json.WriteEndObject();
    }

    private void WriteInvitation(Invitation invitation)
    {
        _json.WriteString("token", invitation.Token);
        _json.WriteString("host", invitation.Host);
        if (invitation.Inviter is { } inviter)
            _json.WriteString("inviter", inviter.Utf8.Span);
        _json.WriteBoolean("allowsAccount", invitation.AllowsAccount);
        if (invitation.Username is not null)
            _json.WriteString("username", invitation.Username);
        _json.WriteString("expires", invitation.Expires);
        _json.WriteNumber("uses", invitation.Uses);
    }

    /// <summary>As text, which people can read, when they are.</summary>
    private void WriteOctets(ReadOnlySpan<byte> octets)
    {
        if (Utf8.IsValid(octets))
            _json.WriteString("value", octets);
        else
            _json.WriteBase64String("base64", octets);
    }

    private void Begin()
    {
        _buffer.ResetWrittenCount();
        _json.Reset();
        _json.WriteStartObject();
    }

    private ReadOnlyMemory<byte> End()
    {
        _json.WriteEndObject();
        _json.Flush();
        return _buffer.WrittenMemory;
    }
}
