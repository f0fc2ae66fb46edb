using System.Net;
using Xmpp.Core.Modules;

namespace Xmpp.Server.Hosting;

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
