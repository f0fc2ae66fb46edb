using System.Collections;
using System.Reflection;

namespace Xmpp.Server.Hosting;

/// <summary>A change of the value comes into force with the next start only.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class NeedsRestartAttribute : Attribute;

/// <summary>How two configurations differ.</summary>
/// <param name="Applicable">Keys that a running server can apply.</param>
/// <param name="NeedRestart">Keys that it can't.</param>
public sealed record ConfigurationChanges(IReadOnlyList<string> Applicable, IReadOnlyList<string> NeedRestart)
{
    public static ConfigurationChanges Between(ServerOptions before, ServerOptions after)
    {
        var differences = Differences(before, after, typeof(ServerOptions), "", needsRestart: false)
            .ToLookup(difference => difference.NeedsRestart, difference => difference.Key);
        return new([.. differences[false]], [.. differences[true]]);
    }

    private static IEnumerable<(string Key, bool NeedsRestart)> Differences(
        object before, object after, Type section, string path, bool needsRestart)
    {
        foreach (var (name, property) in ConfigurationSchema.KeysOf(section))
        {
            var restart = needsRestart || property.GetCustomAttribute<NeedsRestartAttribute>() is not null;
            var (old, current) = (property.GetValue(before), property.GetValue(after));
            if (ConfigurationSchema.IsSection(property.PropertyType))
            {
                foreach (var difference in Differences(old!, current!, property.PropertyType, $"{path}{name}.", restart))
                    yield return difference;
            }
            else if (!AreEqual(old, current))
            {
                yield return (path + name, restart);
            }
        }
    }

    /// <summary>Lists are equal when their items are. Records would compare lists within them by reference: so by their keys.</summary>
    internal static bool AreEqual(object? a, object? b) => (a, b) switch
    {
        (string, _) => a.Equals(b),
        (IEnumerable left, IEnumerable right) => left.Cast<object>().ToList() is var items && right.Cast<object>().ToList() is var others
            && items.Count == others.Count && items.Zip(others).All(pair => AreEqual(pair.First, pair.Second)),
        (not null, not null) when ConfigurationSchema.IsSection(a.GetType()) =>
            !Differences(a, b, a.GetType(), "", needsRestart: false).Any(),
        _ => Equals(a, b),
    };
}
