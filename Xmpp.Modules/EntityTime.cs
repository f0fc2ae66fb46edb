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
        // XEP-0082 §3.2: "Z" or hours and minutes with a sign.
        var offset = now.Offset == TimeSpan.Zero ? "Z" : $"{(now.Offset < TimeSpan.Zero ? '-' : '+')}{now.Offset:hh\\:mm}";
        return new Element(Ns, "time",
            new Element(Ns, "tzo", offset),
            new Element(Ns, "utc", XmppDateTime.Format(now)));
    }
}
