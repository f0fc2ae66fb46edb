using Xmpp.Core;

namespace Xmpp.Modules;

/// <summary>Addresses in URIs: "xmpp:juliet@example.com?message" (RFC 5122).</summary>
internal static class XmppUri
{
    private const string Scheme = "xmpp:";

    /// <summary>The address (§2.2), or null.</summary>
    public static Jid? AddressOf(string? uri) =>
        uri is not null && uri.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
        && Jid.TryParse(Uri.UnescapeDataString(uri[Scheme.Length..].Split('?', '#')[0]), out var jid) ? jid : null;
}
