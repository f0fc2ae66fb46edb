using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Xmpp.Storage.Sqlite;

/// <summary>The groups of a roster item as a JSON array, which SQL can read; NULL for none.</summary>
internal static partial class RosterGroups
{
    private static readonly GroupsJson Json = new(new JsonSerializerOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    public static string? Write(IReadOnlyList<string> groups) =>
        groups.Count == 0 ? null : JsonSerializer.Serialize([.. groups], Json.StringArray);

    public static string[] Read(ReadOnlySpan<byte> utf8) => utf8.IsEmpty ? [] : JsonSerializer.Deserialize(utf8, Json.StringArray)!;

    [JsonSerializable(typeof(string[]))]
    private sealed partial class GroupsJson : JsonSerializerContext;
}
