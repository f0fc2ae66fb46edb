using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;
using Xmpp.Server.Hosting;
using Xmpp.Server.Sessions;

namespace Xmpp.Server.Routing;

/// <content>Presence and IQs of local sessions for services. Messages come by the pipeline: they touch the sender's account.</content>
internal sealed partial class StanzaRouter
{
    /// <returns>The error to tell the sender, or null.</returns>
    private static async ValueTask<StanzaError?> ServePresenceAsync(
        ServerState current, (IHostService Service, string Host) service, ClientSession sender, StanzaView presence, Jid to,
        CancellationToken cancellationToken)
    {
        if (!current.Modules.Guards.IsEmpty)
        {
            var verdict = await current.Modules.Guards.CheckAsync(
                new(StanzaKind.Presence, sender.Jid.Bare, MessageDirection.Sent, to, presence.Attribute("type"u8)), cancellationToken);
            if (!verdict.Passes)
                return verdict.Error;
        }
        return await service.Service.PresenceAsync(new(presence, sender.Jid, to, service.Host, sender), cancellationToken);
    }

    /// <param name="request">Null for an answer.</param>
    private async ValueTask ServeIqAsync(
        (IHostService Service, string Host) service, ClientSession sender, StanzaView iq, IqType? request, Jid to,
        CancellationToken cancellationToken)
    {
        IqReply reply;
        try
        {
            reply = await service.Service.IqAsync(new(iq, sender.Jid, to, service.Host, sender), request, cancellationToken);
        }
        catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
        {
            reply = IqReply.Failed(ErrorOf(failure, "iq", sender.Jid));
        }
        if (request is not null)
            Reply(sender, iq, reply);
    }
}
