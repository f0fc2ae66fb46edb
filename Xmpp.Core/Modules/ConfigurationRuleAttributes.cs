using System.Globalization;

namespace Xmpp.Core.Modules;

/// <summary>
/// What the text of a configuration value may be: reads it, and says in words what was expected instead of a bad one.
/// Stands on the property of the options record, next to its default.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public abstract class ConfigurationRuleAttribute : Attribute
{
    /// <summary>Completes "expected …".</summary>
    public abstract string Expected { get; }

    /// <returns>The value in the property's type (the item's type, for a list), or null when the text is not acceptable.</returns>
    public abstract object? Read(string text);

    /// <summary>Whether the value is nobody's business and shown nowhere.</summary>
    public virtual bool IsSecret => false;
}

/// <summary>A whole number without unit.</summary>
public sealed class NumberAttribute(int minimum, int maximum) : ConfigurationRuleAttribute
{
    public override string Expected => string.Create(CultureInfo.InvariantCulture, $"a number from {minimum} to {maximum}");

    public override object? Read(string text) =>
        int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            && number >= minimum && number <= maximum
            ? number
            : null;
}

/// <summary>A size: plain bytes, or with the unit KB or MB (of 1,024).</summary>
public sealed class BytesAttribute(int minimum, int maximum) : ConfigurationRuleAttribute
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
public sealed class DurationAttribute(string minimum, string maximum) : ConfigurationRuleAttribute
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
public sealed class OneOfAttribute(params string[] choices) : ConfigurationRuleAttribute
{
    public override string Expected =>
        choices is [var only] ? $"\"{only}\"" : "one of " + string.Join(", ", choices.Select(c => $"\"{c}\""));

    public override object? Read(string text) => choices.Contains(text, StringComparer.Ordinal) ? text : null;
}

/// <summary>What is shown nowhere.</summary>
public sealed class SecretAttribute(int shortest) : ConfigurationRuleAttribute
{
    public override string Expected => $"a secret of at least {shortest} characters";

    public override bool IsSecret => true;

    public override object? Read(string text) => text.Length >= shortest ? text : null;
}
