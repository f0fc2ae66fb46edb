using Xmpp.Core.Xml;

namespace Xmpp.Server.Federation;

/// <summary>The elements of Bidirectional Server-to-Server Connections (XEP-0288).</summary>
internal static class Bidi
{
    public const string Ns = "urn:xmpp:bidi";

    private const string FeatureNs = "urn:xmpp:features:bidi";

    /// <summary>Says that a stream may carry stanzas in both directions (§2.1).</summary>
    public static Element Feature { get; } = new(FeatureNs, "bidi");

    /// <summary>Asks for it (§2.2).</summary>
    public static Element Request { get; } = new(Ns, "bidi");

    public static bool IsOffered(Element features) => features.Child(FeatureNs, "bidi") is not null;
}
