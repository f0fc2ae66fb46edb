namespace Xmpp.Core;

/// <summary>
/// An XMPP address (RFC 7622), prepared and immutable: two equal addresses have equal parts, octet by octet.
/// </summary>
public sealed class Jid : IEquatable<Jid>
{
    private Jid(string? local, string domain, string? resource)
    {
        Local = local;
        Domain = domain;
        Resource = resource;
    }

    /// <summary>The localpart, or null.</summary>
    public string? Local { get; }

    public string Domain { get; }

    /// <summary>The resourcepart, or null.</summary>
    public string? Resource { get; }

    public bool IsBare => Resource is null;

    /// <summary>True for localpart@domainpart/resourcepart and domainpart/resourcepart alike.</summary>
    public bool IsFull => Resource is not null;

    /// <summary>The address without its resourcepart (this instance when there is none).</summary>
    public Jid Bare => throw new NotImplementedException();

    /// <summary>The address as UTF-8 (not XML-escaped).</summary>
    public ReadOnlyMemory<byte> Utf8 => throw new NotImplementedException();

    public static Jid Parse(string text) => TryParse(text, out var jid) ? jid : throw new FormatException($"'{text}' is not a JID.");

    public static bool TryParse(ReadOnlySpan<char> text, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out Jid? jid) =>
        throw new NotImplementedException();

    public static bool TryParse(ReadOnlySpan<byte> utf8, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out Jid? jid) =>
        throw new NotImplementedException();

    /// <summary>Puts parts together, preparing each; false when one of them is not valid.</summary>
    public static bool TryCreate(string? local, string domain, string? resource, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out Jid? jid) =>
        throw new NotImplementedException();

    public bool Equals(Jid? other) => throw new NotImplementedException();

    public override bool Equals(object? obj) => Equals(obj as Jid);

    public override int GetHashCode() => throw new NotImplementedException();

    public override string ToString() => throw new NotImplementedException();
}
