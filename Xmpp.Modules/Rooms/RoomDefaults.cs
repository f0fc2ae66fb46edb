namespace Xmpp.Modules.Rooms;

/// <summary>Values of a room's configuration as operators write them: "membersonly=1", or "muc#roomconfig_membersonly=1".</summary>
public static class RoomDefaults
{
    /// <summary>What is wrong with values; or null.</summary>
    public static string? Check(IEnumerable<string> values) => TryApply(new(), values, out _, out var problem) ? null : problem;

    /// <summary>How new rooms are configured.</summary>
    internal static RoomConfiguration ConfigurationOf(RoomOptions options) =>
        TryApply(new(), options.Defaults, out var configuration, out _) ? configuration : new();

    /// <summary>A configuration with other values; false when one is none.</summary>
    /// <param name="values">A name that comes several times has several values.</param>
    internal static bool TryApply(
        RoomConfiguration before, IEnumerable<string> values, out RoomConfiguration configuration, out string? problem)
    {
        configuration = before;
        problem = null;
        foreach (var given in values.Select(Split).GroupBy(value => value.Name))
        {
            if (RoomFields.All.FirstOrDefault(field => field.Var == given.Key || field.ShortName == given.Key) is not { } field)
            {
                problem = $"\"{given.Key}\" is no field of a room's configuration";
                return false;
            }
            if (field.Read(configuration, [.. given.Select(value => value.Value)]) is not { } changed)
            {
                problem = $"\"{given.Key}\" can't have the value \"{string.Join(", ", given.Select(value => value.Value))}\"";
                return false;
            }
            configuration = changed;
        }
        return true;
    }

    /// <summary>A configuration, as it would be written here.</summary>
    internal static IEnumerable<string> Describe(RoomConfiguration configuration) => RoomFields.All.SelectMany(
        field => field.Show(configuration) is { Values.Count: > 0 } shown
            ? shown.Values.Select(value => $"{field.ShortName}={value}")
            : [$"{field.ShortName}="]);

    private static (string Name, string Value) Split(string value) => value.IndexOf('=', StringComparison.Ordinal) is >= 0 and var at
        ? (value[..at].Trim(), value[(at + 1)..].Trim())
        : (value.Trim(), "");
}
