using System.Reflection;
using Xmpp.Core.Modules;
using Xmpp.Core.Xml;

namespace Xmpp.Modules;

/// <summary>XEP-0092 Software Version. The operating system is nobody's business, and optional (§3).</summary>
[Xep(92, "1.1")]
public sealed class SoftwareVersion : IXmppModule
{
    private const string Ns = "jabber:iq:version";

    public const string Name = "XmppChat";

    public static string Version { get; } =
        typeof(SoftwareVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

    public void Register(IModuleBuilder builder)
    {
        builder.Feature(IqTarget.Server, Ns);
        builder.Iq(IqType.Get, IqTarget.Server, new XmlName(Ns, "query"), (_, _) => new(IqReply.Result(
            new Element(Ns, "query", new Element(Ns, "name", Name), new Element(Ns, "version", Version)))));
    }
}
