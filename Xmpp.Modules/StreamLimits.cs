using System.Globalization;
using Xmpp.Core.Modules;
using Xmpp.Core.Streams;
using Xmpp.Core.Xml;

namespace Xmpp.Modules;

/// <summary>XEP-0478 Stream Limits Advertisement: the limits that hold in the phase the features are for.</summary>
[Xep(478, "0.2.0")]
public sealed class StreamLimits : IXmppModule
{
    private const string Ns = "urn:xmpp:stream-limits:0";

    public void Register(IModuleBuilder builder)
    {
        foreach (var phase in new[] { NegotiationPhase.Clear, NegotiationPhase.Secured, NegotiationPhase.Authenticated })
            builder.StreamFeature(phase, Describe);
    }

    private static Element Describe(StreamFeatureContext context) => new(Ns, "limits",
        new Element(Ns, "max-bytes", context.MaxStanzaBytes.ToString(CultureInfo.InvariantCulture)),
        new Element(Ns, "idle-seconds", ((int)context.IdleTimeout.TotalSeconds).ToString(CultureInfo.InvariantCulture)));
}
