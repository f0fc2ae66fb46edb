using Xmpp.Core.Modules;
using Xmpp.Core.Xml;

namespace Xmpp.Core.Sasl;

/// <summary>XEP-0440 SASL Channel-Binding Type Capability: tells clients which types the -PLUS mechanisms take.</summary>
[Xep(440, "1.0.0")]
public static class ChannelBindingCapability
{
    public const string Ns = "urn:xmpp:sasl-cb:0";

    /// <summary>The stream feature that stands beside the mechanisms; null when no offered mechanism binds channels.</summary>
    public static Element? Feature(SaslContext context) => context.OfferedChannelBindings is { Count: > 0 } types
        ? new Element(Ns, "sasl-channel-binding",
            types.Select(type => new Element(Ns, "channel-binding", Element.Attr("type", type))))
        : null;
}
