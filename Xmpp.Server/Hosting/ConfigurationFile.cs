using System.Text.Json;
using System.Text.Json.Nodes;

namespace Xmpp.Server.Hosting;

/// <summary>Reads JSON with comments and trailing commas into a tree, and reports keys given twice.</summary>
internal static class ConfigurationFile
{
    private static readonly JsonDocumentOptions Syntax = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };

    /// <returns>The outermost object; null, with a problem added, when the file can't be read as one.</returns>
    public static JsonObject? Read(string path, ICollection<ConfigurationProblem> problems)
    {
        try
        {
            using var file = File.OpenRead(path);
            using var document = JsonDocument.Parse(file, Syntax);
            if (ToNode(document.RootElement, "", problems) is JsonObject root)
                return root;
            problems.Add(new(path, null, "expected a JSON object: { … }"));
        }
        catch (JsonException syntax)
        {
            problems.Add(new($"{path}, line {syntax.LineNumber + 1}", null, $"not JSON: {syntax.Message}"));
        }
        catch (Exception failure) when (failure is FileNotFoundException or DirectoryNotFoundException)
        {
            problems.Add(new(path, null, "no such file; name the configuration file with --config FILE or XMPPCHAT_CONFIG"));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            problems.Add(new(path, null, $"can't be read: {failure.Message}"));
        }
        return null;
    }

    private static JsonNode? ToNode(JsonElement element, string path, ICollection<ConfigurationProblem> problems)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                var section = new JsonObject();
                foreach (var property in element.EnumerateObject())
                {
                    var key = path.Length == 0 ? property.Name : $"{path}.{property.Name}";
                    if (!section.TryAdd(property.Name, ToNode(property.Value, key, problems)))
                        problems.Add(new(key, property.Value.GetRawText(), "given twice; remove one of the two"));
                }
                return section;
            case JsonValueKind.Array:
                return new JsonArray([.. element.EnumerateArray().Select((item, i) => ToNode(item, $"{path}[{i}]", problems))]);
            case JsonValueKind.Null:
                return null;
            default:
                return JsonValue.Create(element.Clone());
        }
    }
}
