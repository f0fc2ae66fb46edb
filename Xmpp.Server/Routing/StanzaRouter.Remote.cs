using System.Buffers;
using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;
using Xmpp.Modules.Strangers;
using Xmpp.Server.Federation;
using Xmpp.Server.Hosting;
using Xmpp.Server.Transport;

namespace Xmpp.Server.Routing;

/// <content>Stanzas that come from components (XEP-0114) and other servers. They are complete with their addresses.</content>
internal sealed partial class StanzaRouter
{
    /// <summary>Handles one stanza of the namespace "jabber:client".</summary>
    /// <param name="from">As the stanza says; whoever calls has seen to it that it may.</param>
    /// <param name="session">Of the stream that it came on, where that can be resumed; else null.</param>
    public async ValueTask RouteRemoteAsync(
        StanzaView stanza, Jid from, RemoteSession? session, CancellationToken cancellationToken)
    {
        if (stanza.AttributeJid("to"u8) is not { } to)
        {
            ReturnError(stanza, from, StanzaError.Of(StanzaErrorCondition.JidMalformed));
            return;
        }
        var current = server.Current;
        StanzaError? error;
        try
        {
            error = IsPrivileged(current, stanza, to) ? await server.Privileged.SendAsync(stanza, from, to, cancellationToken)
                : !current.IsLocal(to) ? await ServeRemoteAsync(current, stanza, from, to, cancellationToken)
                : stanza.LocalName.SequenceEqual("message"u8)
                    ? await messages.ReceiveAsync(current.Modules, from, stanza, to, session, cancellationToken)
                : stanza.LocalName.SequenceEqual("presence"u8) ? await PresenceAsync(current, stanza, from, to, cancellationToken)
                : await RemoteIqAsync(current, stanza, from, to, cancellationToken);
        }
        catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
        {
            error = ErrorOf(failure, "stanza", from);
        }
        if (error is not null)
            ReturnError(stanza, from, error);
    }

    /// <summary>
    /// Returns a stanza that could not be sent on. Whom it was for seems to say so, as that one's server would say it: everything that
    /// waits for an answer of that one gets it.
    /// </summary>
    /// <param name="unsent">With 'from' and 'to', UTF-8 for "jabber:client".</param>
    public ValueTask ReturnUnsentAsync(ReadOnlyMemory<byte> unsent, StanzaError error, CancellationToken cancellationToken)
    {
        var stanza = StanzaView.Parse(unsent);
        if (stanza.Attribute("type"u8) is "error" or "result" || stanza.AttributeJid("to"u8) is not { } to)
            return default;
        var answer = new ArrayBufferWriter<byte>(512);
        ResponseWriter.Write(answer, stanza, QuotedSender(stanza), "error"u8, error.ToElement());
        return RouteRemoteAsync(StanzaView.Parse(answer.WrittenMemory), to, session: null, cancellationToken);
    }

    private static ReadOnlySpan<byte> QuotedSender(StanzaView stanza)
    {
        stanza.TryGetAttribute("from"u8, out var sender);
        return stanza.Bytes.Span[(sender.RawValue.Start.Value - 1)..sender.End];
    }

    private static ValueTask<StanzaError?> PresenceAsync(
        ServerState current, StanzaView presence, Jid from, Jid to, CancellationToken cancellationToken) =>
        current.Modules.RemotePresence is { } handler
            ? handler(new(from, to, presence.ToElement()), cancellationToken)
            : default;

    /// <summary>For a service, or for who isn't here.</summary>
    private async ValueTask<StanzaError?> ServeRemoteAsync(
        ServerState current, StanzaView stanza, Jid from, Jid to, CancellationToken cancellationToken)
    {
        if (!current.Services.TryGetValue(to.Domain, out var service))
            return PassOn(stanza, to);
        if (server.PublishedBans.Contains(from) && stanza.Attribute("type"u8) is not ("error" or "result" or "unavailable"))
            return PublishedBans.Refusal;
        var request = new ServiceStanza(stanza, from, to, service.Host, Sender: null);
        if (stanza.LocalName.SequenceEqual("message"u8))
            return await service.Service.MessageAsync(request, cancellationToken);
        if (stanza.LocalName.SequenceEqual("presence"u8))
            return await service.Service.PresenceAsync(request, cancellationToken);
        if (!IsComplete(stanza, out var type))
            return StanzaError.Of(StanzaErrorCondition.BadRequest);
        var reply = await service.Service.IqAsync(request, type, cancellationToken);
        if (type is not null && reply.Error is null && !reply.IsSent)
            Return(stanza, from, "result"u8, reply.Payload);
        return reply.Error;
    }

    /// <summary>Whether it is a message within a message, which a component sends in the name of somebody here (XEP-0356 §5.3).</summary>
    private static bool IsPrivileged(ServerState current, StanzaView stanza, Jid to) => to is { Local: null, IsFull: false }
        && stanza.LocalName.SequenceEqual("message"u8) && stanza.HasChild("urn:xmpp:privilege:2"u8, "privilege"u8) && current.IsLocal(to);

    private StanzaError? PassOn(StanzaView stanza, Jid to)
    {
        var output = Scratch.Rent();
        StanzaStamper.Write(output, stanza, sender: null);
        return server.Remote.Send(to, output.WrittenSpan);
    }

    private async ValueTask<StanzaError?> RemoteIqAsync(
        ServerState current, StanzaView iq, Jid from, Jid to, CancellationToken cancellationToken)
    {
        if (!IsComplete(iq, out var request))
            return StanzaError.Of(StanzaErrorCondition.BadRequest);
        var isPrivileged = request is { } type && server.Privileged.MayAskRoster(from, to, type, iq);
        if (to.Local is not null && !isPrivileged && !current.Modules.Guards.IsEmpty
            && await current.Modules.Guards.CheckAsync(
                new(StanzaKind.Iq, to.Bare, MessageDirection.Received, from, NameOf(request, iq)), cancellationToken) is
            { Passes: false } verdict)
        {
            return verdict.Error ?? StanzaError.Of(StanzaErrorCondition.ServiceUnavailable);
        }
        if (request is null && (to.IsBare || to.Local is null))
        {
            server.Remote.Answer(iq, from, to);
            return null;
        }
        if (to is { Local: not null, IsFull: true })
        {
            if (request is not null && FindCheck(current, iq) is { } check
                && await MayForwardAsync(check, from, to, cancellationToken) is { } refusal)
                return refusal;
            if (sessions.Find(to) is not { } recipient)
                return StanzaError.Of(StanzaErrorCondition.ServiceUnavailable);
            var output = Scratch.Rent();
            StanzaStamper.Write(output, iq, sender: null);
            recipient.Send(output.WrittenSpan);
            return null;
        }
        if (to.IsFull)
            return StanzaError.Of(StanzaErrorCondition.ServiceUnavailable);
        var reply = await iqs.AnswerAsync(current.Modules, new IqRequest(iq)
        {
            Type = request!.Value,
            From = from,
            To = to,
            Target = to.Local is null ? IqTarget.Server : isPrivileged ? IqTarget.OwnAccount : IqTarget.OtherAccount,
            Agent = isPrivileged ? from : null,
            Return = stanza => server.Remote.Send(from, stanza),
        }, cancellationToken);
        if (reply.Error is null && !reply.IsSent)
            Return(iq, from, "result"u8, reply.Payload);
        return reply.Error;
    }

    private void ReturnError(StanzaView stanza, Jid from, StanzaError error)
    {
        if (stanza.Attribute("type"u8) is not ("error" or "result"))
            Return(stanza, from, "error"u8, error.About, error.ToElement());
    }

    private void Return(StanzaView stanza, Jid from, ReadOnlySpan<byte> type, Element? content, Element? error = null)
    {
        var output = Scratch.Rent();
        ResponseWriter.Write(output, stanza, QuotedSender(stanza), type, content, error);
        server.Remote.Send(from, output.WrittenSpan);
    }
}
