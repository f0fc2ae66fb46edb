using Xmpp.Core.Extensions;
using Xmpp.Core.Modules;
using Xmpp.Core.Xml;

namespace Xmpp.Modules;

/// <summary>XEP-0202 Entity Time.</summary>
[Xep(202, "2.0")]
public sealed class EntityTime(TimeProvider time) : IXmppModule
{
    private const string Ns = "urn:xmpp:time";

    public void Register(IModuleBuilder builder)
    {
        builder.Feature(IqTarget.Server, Ns);
        builder.Iq(IqType.Get, IqTarget.Server, new XmlName(Ns, "time"), (_, _) => new(IqReply.Result(Now())));
    }

    private Element Now()
    {
        var now = time.GetLocalNow();
        return new Element(Ns, "time",
            new Element(Ns, "tzo", XmppDateTime.FormatOffset(now.Offset)),
            new Element(Ns, "utc", XmppDateTime.Format(now)));
    }
}
