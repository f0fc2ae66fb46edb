using System.Collections;
using System.Globalization;
using System.Text.Json.Nodes;

namespace Xmpp.Server.Hosting;

/// <summary>
/// Lays environment variables over the file: <c>XMPPCHAT_limits__stanzaBytes=128KB</c>, <c>XMPPCHAT_hosts=a.example,b.example</c>,
/// <c>XMPPCHAT_listeners__0__port=15222</c>. Names ignore case.
/// </summary>
internal static class ConfigurationEnvironment
{
    public const string Prefix = "XMPPCHAT_";

    /// <summary>Names the configuration file and is no key of it.</summary>
    public const string FileVariable = Prefix + "CONFIG";

    /// <summary>Begins what is for tests and tools of this repository, and no key either.</summary>
    private const string TestPrefix = Prefix + "TEST_";

    private const string PathSeparator = "__";

    /// <summary>The variables of this process.</summary>
    public static IReadOnlyDictionary<string, string> OfProcess() => Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
        .ToDictionary(entry => (string)entry.Key, entry => (string?)entry.Value ?? "");

    /// <summary>Puts the variables' values into the tree in place of the file's.</summary>
    public static void Apply(
        JsonObject root, IReadOnlyDictionary<string, string> environment, ICollection<ConfigurationProblem> problems)
    {
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var (name, value) in environment.Where(IsOverride).OrderBy(PathInOrder, StringComparer.OrdinalIgnoreCase))
        {
            JsonNode? node = root;
            var problem = seen.Add(name)
                ? Set(ref node, typeof(ServerOptions), name[Prefix.Length..].Split(PathSeparator), value)
                : "given twice, in another case; remove one of the two";
            if (problem is not null)
                problems.Add(new(name, JsonValue.Create(value).ToJsonString(), problem));
        }
    }

    /// <summary>The variable that gave the value at a key such as <c>listeners[0].port</c>; null when the file did.</summary>
    public static string? SourceOf(string key, IReadOnlyDictionary<string, string> environment)
    {
        var name = Prefix + key.Replace("[", PathSeparator, StringComparison.Ordinal).Replace("]", "", StringComparison.Ordinal)
            .Replace(".", PathSeparator, StringComparison.Ordinal);
        return environment.Keys.FirstOrDefault(variable => name.Equals(variable, StringComparison.OrdinalIgnoreCase)
            || name.StartsWith(variable + PathSeparator, StringComparison.OrdinalIgnoreCase));
    }

    private static bool IsOverride(KeyValuePair<string, string> variable) =>
        variable.Key.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase)
        && !variable.Key.StartsWith(TestPrefix, StringComparison.OrdinalIgnoreCase)
        && !variable.Key.Equals(FileVariable, StringComparison.OrdinalIgnoreCase);

    /// <summary>Sorts the items of a list by number, so that those beyond its end are added one after the other.</summary>
    private static string PathInOrder(KeyValuePair<string, string> variable) =>
        string.Join('_', variable.Key.Split(PathSeparator).Select(part => part.PadLeft(10, '0')));

    /// <summary>Puts the value at the path below the node, which is made when there is none.</summary>
    /// <returns>What is wrong with the path, or null.</returns>
    private static string? Set(ref JsonNode? node, Type type, ReadOnlySpan<string> path, string value)
    {
        if (path.IsEmpty)
        {
            node = ToNode(value, type);
            return null;
        }
        if (ConfigurationSchema.IsSection(type))
        {
            var part = path[0];
            var (key, property) = ConfigurationSchema.KeysOf(type)
                .FirstOrDefault(known => known.Key.Equals(part, StringComparison.OrdinalIgnoreCase));
            if (property is null)
                return ConfigurationSchema.UnknownKey(type, part);
            var section = node as JsonObject ?? [];
            var child = section[key];
            if (Set(ref child, property.PropertyType, path[1..], value) is { } problem)
                return problem;
            section[key] = child;
            node = section;
            return null;
        }
        if (ConfigurationSchema.ItemOf(type) is { } itemType)
        {
            var list = node as JsonArray ?? [];
            if (!int.TryParse(path[0], NumberStyles.None, CultureInfo.InvariantCulture, out var index) || index > list.Count)
                return $"\"{path[0]}\" is no item of the list; expected a number from 0 to {list.Count}";
            var item = index < list.Count ? list[index] : null;
            if (Set(ref item, itemType, path[1..], value) is { } problem)
                return problem;
            if (index == list.Count)
                list.Add(item);
            else if (!ReferenceEquals(item, list[index]))
                list[index] = item;
            node = list;
            return null;
        }
        return $"this key has no keys below it; leave out \"__{string.Join("__", path)}\"";
    }

    private static JsonNode ToNode(string value, Type type)
    {
        if (ConfigurationSchema.ItemOf(type) is null)
            return JsonValue.Create(value);
        var items = value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return new JsonArray([.. items.Select(item => JsonValue.Create(item))]);
    }
}
