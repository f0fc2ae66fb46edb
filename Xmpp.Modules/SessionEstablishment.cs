using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Streams;
using Xmpp.Core.Xml;

namespace Xmpp.Modules;

/// <summary>
/// The session element of RFC 3921 §3, which means nothing any more (RFC 6121, Appendix F) but which old clients wait for;
/// newer ones see that it is optional and leave it out.
/// </summary>
public sealed class SessionEstablishment : IXmppModule
{
    public void Register(IModuleBuilder builder)
    {
        builder.StreamFeature(NegotiationPhase.Authenticated, context => context.Phase == NegotiationPhase.Authenticated
            ? new Element(Namespaces.Session, "session", new Element(Namespaces.Session, "optional"))
            : null);
        builder.Iq(IqType.Set, IqTarget.Server | IqTarget.OwnAccount, new XmlName(Namespaces.Session, "session"),
            (_, _) => new(IqReply.Result()));
    }
}
