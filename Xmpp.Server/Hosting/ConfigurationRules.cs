using System.Globalization;
using System.Net;

namespace Xmpp.Server.Hosting;

/// <summary>
/// What the text of a configuration value may be: reads it, and says in words what was expected instead of a bad one.
/// Stands on the property of the options record, next to its default.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
internal abstract class ConfigurationRuleAttribute : Attribute
{
    /// <summary>Completes "expected …".</summary>
    public abstract string Expected { get; }

    /// <returns>The value in the property's type (the item's type, for a list), or null when the text is not acceptable.</returns>
    public abstract object? Read(string text);
}

/// <summary>A whole number without unit.</summary>
internal sealed class NumberAttribute(int minimum, int maximum) : ConfigurationRuleAttribute
{
    public override string Expected => string.Create(CultureInfo.InvariantCulture, $"a number from {minimum} to {maximum}");

    public override object? Read(string text) =>
        int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            && number >= minimum && number <= maximum
            ? number
            : null;
}

/// <summary>A size: plain bytes, or with the unit KB or MB (of 1,024).</summary>
internal sealed class BytesAttribute(int minimum, int maximum) : ConfigurationRuleAttribute
{
    public override string Expected => string.Create(
        CultureInfo.InvariantCulture, $"a number of bytes from {minimum} to {maximum}, such as 262144 or \"256KB\"");

    public override object? Read(string text)
    {
        var (digits, unit) = text switch
        {
            [.., 'K', 'B'] => (text[..^2], 1024L),
            [.., 'M', 'B'] => (text[..^2], 1024L * 1024),
            _ => (text, 1L),
        };
        return int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && number * unit is var bytes && bytes >= minimum && bytes <= maximum
            ? (int)bytes
            : null;
    }
}

/// <summary>A length of time with its unit: ms, s, m, h or d.</summary>
internal sealed class DurationAttribute(string minimum, string maximum) : ConfigurationRuleAttribute
{
    public override string Expected => $"a duration from {minimum} to {maximum}, such as \"90s\" or \"5m\"";

    public override object? Read(string text) =>
        Parse(text) is { } duration && duration >= Parse(minimum) && duration <= Parse(maximum) ? duration : null;

    private static TimeSpan? Parse(string text)
    {
        var digits = text.TrimEnd("mshd".AsSpan());
        if (!int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            return null;
        return text[digits.Length..] switch
        {
            "ms" => TimeSpan.FromMilliseconds(number),
            "s" => TimeSpan.FromSeconds(number),
            "m" => TimeSpan.FromMinutes(number),
            "h" => TimeSpan.FromHours(number),
            "d" => TimeSpan.FromDays(number),
            _ => null,
        };
    }
}

/// <summary>One of a few words.</summary>
internal sealed class OneOfAttribute(params string[] choices) : ConfigurationRuleAttribute
{
    public override string Expected =>
        choices is [var only] ? $"\"{only}\"" : "one of " + string.Join(", ", choices.Select(c => $"\"{c}\""));

    public override object? Read(string text) => choices.Contains(text, StringComparer.Ordinal) ? text : null;
}

/// <summary>The rules of the types that need no more said on their properties.</summary>
internal static class ConfigurationRules
{
    /// <exception cref="NotSupportedException">A property of that type needs a rule of its own.</exception>
    public static ConfigurationRuleAttribute Of(Type type) => type switch
    {
        _ when type == typeof(string) => new TypeRule("a text", text => text.Length > 0 ? text : null),
        _ when type == typeof(bool) => new TypeRule("true or false", text => bool.TryParse(text, out var flag) ? flag : null),
        _ when type == typeof(IPAddress) => new TypeRule(
            "an IP address, such as \"::\" or \"127.0.0.1\"", text => IPAddress.TryParse(text, out var address) ? address : null),
        _ when type == typeof(IPNetwork) => new TypeRule(
            "an IP address or network, such as \"192.0.2.1\" or \"10.0.0.0/8\"", text => ReadNetwork(text)),
        { IsEnum: true } => new TypeRule(
            "one of " + string.Join(", ", Enum.GetNames(type).Select(name => $"\"{Word(name)}\"")),
            text => Enum.GetNames(type).FirstOrDefault(name => Word(name) == text) is { } name ? Enum.Parse(type, name) : null),
        _ => throw new NotSupportedException($"No configuration rule for {type}."),
    };

    private static IPNetwork? ReadNetwork(string text) => IPAddress.TryParse(text, out var address)
        ? new IPNetwork(address, address.GetAddressBytes().Length * 8)
        : IPNetwork.TryParse(text, out var network) ? network : null;

    // "starttls" rather than "startTls": the words of the file are lower case.
    private static string Word(string enumName) => enumName.ToLowerInvariant();

    private sealed class TypeRule(string expected, Func<string, object?> read) : ConfigurationRuleAttribute
    {
        public override string Expected => expected;

        public override object? Read(string text) => read(text);
    }
}
