using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Xmpp.Core.Modules;

namespace Xmpp.Server.Hosting;

/// <summary>
/// Turns the tree of a configuration into options records. A key that is absent keeps its record's default; one that is
/// unknown, or whose value is not acceptable, adds a problem.
/// </summary>
internal sealed class ConfigurationBinder(ICollection<ConfigurationProblem> problems)
{
    private static readonly NullabilityInfoContext Nullability = new();

    public ServerOptions Bind(JsonObject root) => (ServerOptions)BindSection(root, typeof(ServerOptions), "");

    private object BindSection(JsonObject json, Type type, string path)
    {
        var section = Activator.CreateInstance(type)!;
        var keys = ConfigurationSchema.KeysOf(type);
        foreach (var (name, node) in json)
        {
            var key = path.Length == 0 ? name : $"{path}.{name}";
            if (!keys.TryGetValue(name, out var property))
                problems.Add(new(key, Json(node), ConfigurationSchema.UnknownKey(type, name)));
            else if (node is null && Nullability.Create(property).WriteState is NullabilityState.Nullable)
                property.SetValue(section, null);
            else if (BindValue(node, property.PropertyType, property.GetCustomAttribute<ConfigurationRuleAttribute>(), key) is { } value)
                property.SetValue(section, value);
        }
        foreach (var (name, property) in keys)
        {
            if (property.GetCustomAttribute<RequiredMemberAttribute>() is not null && !json.ContainsKey(name))
                problems.Add(new($"{path}.{name}", null, "missing; it has no default"));
        }
        return section;
    }

    /// <returns>Null, with a problem added, when the value is not acceptable.</returns>
    private object? BindValue(JsonNode? node, Type type, ConfigurationRuleAttribute? rule, string key)
    {
        if (ConfigurationSchema.ItemOf(type) is { } item)
            return node is JsonArray list ? BindList(list, item, rule, key) : Refuse("a list: [ … ]");
        if (ConfigurationSchema.IsSection(type))
            return node is JsonObject section ? BindSection(section, type, key) : Refuse("a section: { … }");
        rule ??= ConfigurationRules.Of(type);
        return node is JsonValue scalar && rule.Read(Text(scalar)) is { } value ? value : Refuse(rule.Expected);

        object? Refuse(string expected)
        {
            problems.Add(new(key, rule?.IsSecret is true ? null : Json(node), $"expected {expected}"));
            return null;
        }
    }

    private Array BindList(JsonArray list, Type type, ConfigurationRuleAttribute? rule, string key)
    {
        var items = Array.CreateInstance(type, list.Count);
        for (var i = 0; i < list.Count; i++)
        {
            if (BindValue(list[i], type, rule, $"{key}[{i}]") is { } item)
                items.SetValue(item, i);
        }
        return items;
    }

    /// <summary>What a rule reads: a string without its quotes, a number or word as it stands.</summary>
    private static string Text(JsonValue scalar) =>
        scalar.GetValueKind() is JsonValueKind.String ? scalar.GetValue<string>() : scalar.ToJsonString();

    private static string Json(JsonNode? node) => node?.ToJsonString() ?? "null";
}
