using System.Text;
using Xmpp.Core.Modules;

namespace Xmpp.Modules.ExternalServices;

/// <summary>Services beside XMPP that clients need, such as STUN and TURN for calls (XEP-0215).</summary>
public sealed record ExternalServiceOptions
{
    /// <summary>None: clients are not told of any.</summary>
    public IReadOnlyList<ExternalServiceEntry> List { get; init; } = [];

    /// <summary>How long credentials are valid that are made by a secret.</summary>
    [Duration("1m", "30d")]
    public TimeSpan Lifetime { get; init; } = TimeSpan.FromHours(12);
}

/// <summary>A service. Credentials for it, if it wants some, are made by a secret, or are the same for everybody.</summary>
public sealed record ExternalServiceEntry
{
    /// <summary>"stun", "turn", "stuns" and "turns" are those that clients know.</summary>
    [ServiceType]
    public required string Type { get; init; }

    /// <summary>A name or an IP address.</summary>
    public required string Host { get; init; }

    /// <summary>0: not said.</summary>
    [Number(0, 65_535)]
    public int Port { get; init; }

    /// <summary>Null: not said.</summary>
    [OneOf("udp", "tcp")]
    public string? Transport { get; init; }

    /// <summary>For people; or null.</summary>
    public string? Name { get; init; }

    /// <summary>What the service shares with this server (<c>static-auth-secret</c> of coturn); or null.</summary>
    [Secret(8)]
    public string? Secret { get; init; }

    public string? Username { get; init; }

    [Secret(1)]
    public string? Password { get; init; }

    /// <summary>Whether the credentials are one of both kinds, and whole.</summary>
    public bool IsConsistent => (Secret is null || Username is null) && ((Username is null) == (Password is null));

    // What prints the options doesn't print secrets.
    private bool PrintMembers(StringBuilder builder)
    {
        builder.Append("Type = ").Append(Type).Append(", Host = ").Append(Host).Append(", Port = ").Append(Port);
        return true;
    }
}

/// <summary>A name as XML has it, without a colon, in lower case.</summary>
internal sealed class ServiceTypeAttribute : ConfigurationRuleAttribute
{
    public override string Expected => "a type of service, such as \"stun\" or \"turn\"";

    public override object? Read(string text) =>
        text.Length > 0 && char.IsAsciiLetterLower(text[0]) && text.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-')
            ? text
            : null;
}
