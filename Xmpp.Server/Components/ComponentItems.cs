using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Server.Hosting;

namespace Xmpp.Server.Components;

/// <summary>Shows connected components as items of the hosts (XEP-0030 §4): those below a host as its own, others as everybody's.</summary>
internal sealed class ComponentItems(ComponentDirectory components, IHostDirectory hosts) : IXmppModule
{
    public void Register(IModuleBuilder builder) => builder.Items(IqTarget.Server, (query, _) => new(
    [
        .. components.Connected
            .Where(component => IsBelow(component, query.Entity.Domain) || !hosts.Hosts.Any(host => IsBelow(component, host)))
            .Select(component => new DiscoItem(Jid.Parse(component.Domain), Name: component.Name)),
    ]));

    private static bool IsBelow(ComponentEntry component, string host) => component.Domain.EndsWith("." + host, StringComparison.Ordinal);
}
