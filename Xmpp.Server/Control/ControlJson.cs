using System.Text.Json;
using System.Text.Json.Serialization;
using Xmpp.Core;
using Xmpp.Modules.Clients;
using Xmpp.Modules.PubSub;
using Xmpp.Modules.Rooms;
using Xmpp.Modules.Uploads;
using Xmpp.Server.Diagnostics;

namespace Xmpp.Server.Control;

/// <summary>The JSON of the control socket, and of <c>xmppctl --json</c>.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, UseStringEnumConverter = true, Converters = [typeof(JidConverter)])]
[JsonSerializable(typeof(ControlRequest))]
[JsonSerializable(typeof(ControlReply))]
[JsonSerializable(typeof(ServerStatus))]
[JsonSerializable(typeof(HostInfo))]
[JsonSerializable(typeof(SessionInfo))]
[JsonSerializable(typeof(ReloadReport))]
[JsonSerializable(typeof(LogEntry))]
[JsonSerializable(typeof(AccountInfo))]
[JsonSerializable(typeof(ClientInfo))]
[JsonSerializable(typeof(Revocation))]
[JsonSerializable(typeof(InvitationInfo))]
[JsonSerializable(typeof(UserDetails))]
[JsonSerializable(typeof(RosterItemInfo))]
[JsonSerializable(typeof(ArchiveInfo))]
[JsonSerializable(typeof(RoomOverview))]
[JsonSerializable(typeof(RoomDetails))]
[JsonSerializable(typeof(ServerLinkInfo))]
[JsonSerializable(typeof(ServerTestStep))]
[JsonSerializable(typeof(Upload))]
[JsonSerializable(typeof(UploadTotals))]
[JsonSerializable(typeof(NodeOverview))]
[JsonSerializable(typeof(NodeDetails))]
[JsonSerializable(typeof(ItemOverview))]
[JsonSerializable(typeof(SubscriptionOverview))]
[JsonSerializable(typeof(string))]
[JsonSerializable(typeof(int))]
[JsonSerializable(typeof(long))]
[JsonSerializable(typeof(bool))]
public sealed partial class ControlJson : JsonSerializerContext;

/// <summary>A line of an answer: one of the three.</summary>
public sealed record ControlReply(
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] JsonElement? Item = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool End = false,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Error = null);

/// <summary>Addresses are prepared as they are read: what is no JID is no JSON of ours.</summary>
public sealed class JidConverter : JsonConverter<Jid>
{
    public override Jid Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.GetString() is { } text && Jid.TryParse(text, out var jid) ? jid : throw new JsonException("not a JID");

    public override void Write(Utf8JsonWriter writer, Jid value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.ToString());
}
