using Xmpp.Core.Modules;
using Xmpp.Core.Xml;

namespace Xmpp.Modules;

/// <summary>XEP-0199 XMPP Ping: the server answers for itself and for the sender's account (§4.2).</summary>
[Xep(199, "2.0.1")]
public sealed class Ping : IXmppModule
{
    private const string Ns = "urn:xmpp:ping";

    public void Register(IModuleBuilder builder)
    {
        builder.Feature(IqTarget.Server | IqTarget.OwnAccount, Ns);
        builder.Iq(IqType.Get, IqTarget.Server | IqTarget.OwnAccount, new XmlName(Ns, "ping"), (_, _) => new(IqReply.Result()));
    }
}
