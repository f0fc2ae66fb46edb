using Xmpp.Core.Modules;

namespace Xmpp.Modules.PubSub;

/// <summary>XEP-0060 Publish-Subscribe: nodes at a domain of their own, such as "pubsub.example.org".</summary>
[Xep(60, "1.30.0")]
public sealed class PublishSubscribe(PubSubContext context, PubSubOptions options) : IXmppModule
{
    public void Register(IModuleBuilder builder) => builder.Service(new PubSubService(context, options));
}
