using System.Reflection;
using System.Text.Json;

namespace Xmpp.Server.Hosting;

/// <summary>The keys of a section, read from the properties of its options record.</summary>
internal static class ConfigurationSchema
{
    /// <summary>The record's properties by the key that they have in the file: their name in camelCase.</summary>
    public static IReadOnlyDictionary<string, PropertyInfo> KeysOf(Type section) => section
        .GetProperties(BindingFlags.Public | BindingFlags.Instance)
        .Where(property => property.CanWrite)
        .ToDictionary(property => JsonNamingPolicy.CamelCase.ConvertName(property.Name), StringComparer.Ordinal);

    /// <summary>The type of the items when the type is a list, else null.</summary>
    public static Type? ItemOf(Type type) =>
        type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>) ? type.GetGenericArguments()[0] : null;

    /// <summary>Whether values of the type are JSON objects: our own records.</summary>
    public static bool IsSection(Type type) => type.IsClass && type.Namespace?.StartsWith("Xmpp.", StringComparison.Ordinal) is true;

    /// <summary>Explains an unknown key, with the known one that was probably meant.</summary>
    public static string UnknownKey(Type section, string key)
    {
        var known = KeysOf(section).Keys;
        var nearest = known.MinBy(candidate => Distance(candidate, key));
        return nearest is not null && Distance(nearest, key) <= Math.Max(2, key.Length / 3)
            ? $"unknown key; did you mean \"{nearest}\"?"
            : $"unknown key; expected one of {string.Join(", ", known.Order(StringComparer.Ordinal))}";
    }

    /// <summary>Levenshtein distance, ignoring case.</summary>
    private static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var substituted = diagonal + (char.ToLowerInvariant(a[i - 1]) == char.ToLowerInvariant(b[j - 1]) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(substituted, Math.Min(row[j - 1], row[j]) + 1);
            }
        }
        return row[b.Length];
    }
}
