using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;

namespace Xmpp.Server.Hosting;

/// <summary>Why the configuration can't be used.</summary>
/// <param name="Key">Path of the key, such as <c>limits.stanzaBytes</c> or <c>listeners[1].port</c>; a file where there is no key.</param>
/// <param name="Value">What was given, as JSON; null when that is not the trouble, or a secret.</param>
/// <param name="Remedy">What is wrong, and what to do about it.</param>
public sealed partial record ConfigurationProblem(string Key, string? Value, string Remedy)
{
    // Under a misspelt key, too, there may be a connection string, or a secret.
    public override string ToString() => Value is null || Secret().IsMatch(Key)
        ? $"{Key}: {Remedy}"
        : $"{Key} = {Secrets().Replace(Credentials().Replace(Value, "…@"), "…")}: {Remedy}";

    [GeneratedRegex("""(?<=://)[^"]*@""")]
    private static partial Regex Credentials();

    [GeneratedRegex("secret|password", RegexOptions.IgnoreCase)]
    private static partial Regex Secret();

    [GeneratedRegex("""(?<="[^"]*(?:secret|password)[^"]*":")(?:[^"\\]|\\.)*""", RegexOptions.IgnoreCase)]
    private static partial Regex Secrets();
}

/// <summary>The options, or everything that is wrong with them.</summary>
/// <param name="Options">Complete and valid, paths absolute, hosts prepared; null when there is a problem.</param>
/// <param name="Problems">Empty when there are options.</param>
public sealed record ConfigurationResult(ServerOptions? Options, IReadOnlyList<ConfigurationProblem> Problems)
{
    [MemberNotNullWhen(true, nameof(Options))]
    public bool IsValid => Options is not null;
}
