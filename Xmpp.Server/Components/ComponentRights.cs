using Xmpp.Core.Modules;
using Xmpp.Core.Xml;

namespace Xmpp.Server.Components;

/// <summary>What components with rights of their own can ask, and what others can know of them.</summary>
internal sealed class ComponentRights(PrivilegedComponents privileged) : IXmppModule
{
    public void Register(IModuleBuilder builder)
    {
        const IqTarget everyone = IqTarget.Server | IqTarget.OwnAccount | IqTarget.OtherAccount;
        builder.Iq(IqType.Get, everyone, new XmlName(PrivilegedComponents.Ns, "privileged_iq"), privileged.AskAsync);
        builder.Iq(IqType.Set, everyone, new XmlName(PrivilegedComponents.Ns, "privileged_iq"), privileged.AskAsync);
        // XEP-0355 §6.1.
        builder.Feature(IqTarget.Server, DelegatedNamespaces.Ns);
    }
}
