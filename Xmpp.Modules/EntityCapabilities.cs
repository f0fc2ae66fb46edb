using System.Runtime.CompilerServices;
using Xmpp.Core.Modules;
using Xmpp.Core.Streams;
using Xmpp.Core.Xml;

namespace Xmpp.Modules;

/// <summary>
/// XEP-0115 Entity Capabilities, the server's own: its hash is in the stream features (§6.3), so that a client that knows
/// this server doesn't ask what it can do.
/// </summary>
[Xep(115, "1.6.0")]
public sealed class EntityCapabilities(IDiscoRegistry registry) : IXmppModule
{
    private const string Ns = "http://jabber.org/protocol/caps";
    private const string Node = "urn:xmppchat:server";

    // Everyone who logs in is shown the hash; what it is of is the same object until modules come or go.
    private static readonly ConditionalWeakTable<DiscoInfo, string> Hashes = [];

    public void Register(IModuleBuilder builder)
    {
        builder.Feature(IqTarget.Server, Ns);
        builder.StreamFeature(NegotiationPhase.Authenticated, _ => new Element(Ns, "c",
            Element.Attr("hash", "sha-1"),
            Element.Attr("node", Node),
            Element.Attr("ver", Hash(registry.Describe(IqTarget.Server)))));
    }

    /// <summary>The disco#info node that belongs to the hash (§6.2).</summary>
    internal static string NodeOf(DiscoInfo info) => $"{Node}#{Hash(info)}";

    /// <summary>The verification string of §5.1, hashed by SHA-1.</summary>
    internal static string Hash(DiscoInfo info) => Hashes.GetValue(info, static info => CapabilitiesHash.Compute(info, "sha-1"));
}
