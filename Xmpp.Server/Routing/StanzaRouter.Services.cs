using System.Buffers;
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
    /// <summary>A client's available presence with what modules add to it; as it came when they add nothing.</summary>
    private static async ValueTask<StanzaView> CompleteAsync(
        ServerState current, ClientSession sender, StanzaView presence, CancellationToken cancellationToken)
    {
        Element? changed = null;
        foreach (var addition in current.Modules.PresenceAdditions)
        {
            if (await addition(sender, presence, cancellationToken) is { } child)
                changed = AvailablePresence.With(changed ?? presence.ToElement(), child);
        }
        if (changed is null)
            return presence;
        var bytes = new ArrayBufferWriter<byte>(presence.Bytes.Length + 128);
        XmlStreamWriter.Write(bytes, changed, Namespaces.Client, streamPrefix: false);
        return StanzaView.Parse(bytes.WrittenMemory);
    }

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

    /// <summary>Answers what somebody at a service asks an account.</summary>
    public async ValueTask<IqReply> AskAsync(Jid account, Jid from, IqType type, Element payload, CancellationToken cancellationToken)
    {
        var (current, typeName) = (server.Current, type == IqType.Get ? "get" : "set");
        if (!current.Modules.Guards.IsEmpty
            && await current.Modules.Guards.CheckAsync(
                new(StanzaKind.Iq, account, MessageDirection.Received, from, typeName), cancellationToken) is { Passes: false } verdict)
        {
            return IqReply.Failed(verdict.Error ?? StanzaError.Of(StanzaErrorCondition.ServiceUnavailable));
        }
        var bytes = new ArrayBufferWriter<byte>(256);
        XmlStreamWriter.Write(
            bytes, new Element(Namespaces.Client, "iq", Element.Attr("type", typeName), Element.Attr("id", typeName), payload),
            Namespaces.Client, streamPrefix: false);
        var request = new IqRequest(StanzaView.Parse(bytes.WrittenMemory))
        {
            Type = type,
            From = from,
            To = account,
            Target = IqTarget.OtherAccount,
            IsWaitedFor = true,
        };
        return await iqs.AnswerAsync(current.Modules, request, cancellationToken);
    }

    /// <summary>Asks somebody here in the name of an account, as far as no client has to be asked (XEP-0356 §6.3).</summary>
    /// <param name="agent">The component that wants to know.</param>
    /// <param name="iq">With 'from' the account, and one child.</param>
    /// <returns>The answer, to which addresses have to be put.</returns>
    public async ValueTask<Element> AskAsAsync(Jid account, Jid agent, Element iq, IqType type, Jid to, CancellationToken cancellationToken)
    {
        var current = server.Current;
        var bytes = new ArrayBufferWriter<byte>(256);
        XmlStreamWriter.Write(bytes, iq, Namespaces.Client, streamPrefix: false);
        var stanza = StanzaView.Parse(bytes.WrittenMemory);
        Element? sent = null;
        IqReply reply;
        if (to.Local is not null && to.Bare != account && current.IsLocal(to) && !current.Modules.Guards.IsEmpty
            && await current.Modules.Guards.CheckAsync(
                new(StanzaKind.Iq, to.Bare, MessageDirection.Received, account, NameOf(type, stanza)), cancellationToken) is
            { Passes: false } verdict)
        {
            reply = IqReply.Failed(verdict.Error ?? StanzaError.Of(StanzaErrorCondition.ServiceUnavailable));
        }
        else if (current.Services.TryGetValue(to.Domain, out var service))
        {
            reply = await service.Service.IqAsync(new(stanza, account, to, service.Host, Sender: null), type, cancellationToken);
        }
        else if (to.IsFull)
        {
            reply = IqReply.Failed(StanzaErrorCondition.ServiceUnavailable);
        }
        else
        {
            reply = await iqs.AnswerAsync(current.Modules, new IqRequest(stanza)
            {
                Type = type,
                From = account,
                To = to,
                Target = to.Local is null ? IqTarget.Server : to == account ? IqTarget.OwnAccount : IqTarget.OtherAccount,
                Agent = agent,
                Return = answer => sent ??= answer,
                IsWaitedFor = true,
            }, cancellationToken);
        }
        return sent ?? new Element(Namespaces.Client, "iq",
            Element.Attr("type", reply.Error is null && !reply.IsSent ? "result" : "error"),
            reply.IsSent ? IqReply.NeedsSession.Error!.ToElement() : reply.Error?.ToElement() ?? reply.Payload);
    }
}
