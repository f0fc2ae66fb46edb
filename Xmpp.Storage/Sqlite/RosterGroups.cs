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

    // By hand, since a login reads those of a whole roster.
    public static IReadOnlyList<string> Read(ReadOnlySpan<byte> utf8)
    {
        if (utf8.IsEmpty)
            return [];

        var groups = new List<string>(1);
        var json = new Utf8JsonReader(utf8);
        while (json.Read())
        {
            if (json.TokenType == JsonTokenType.String)
                groups.Add(json.GetString()!);
        }

        return groups;
    }

    [JsonSerializable(typeof(string[]))]
    private sealed partial class GroupsJson : JsonSerializerContext;
}
