using Microsoft.Extensions.Logging;
using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Core.Streams;
using Xmpp.Core.Xml;
using Xmpp.Server.Hosting;
using Xmpp.Server.Sessions;
using Xmpp.Server.Transport;

namespace Xmpp.Server.Routing;

/// <summary>Decides by name and 'to' what happens to a stanza of a local session (RFC 6120 §10, RFC 6121 §8).</summary>
internal sealed partial class StanzaRouter(
    ServerContext server, SessionRegistry sessions, MessagePipeline messages, IqDispatcher iqs, ILogger<StanzaRouter> logger)
{
    /// <summary>Handles one stanza; the next one of the same session waits for it, which keeps them in order (RFC 6120 §10.1).</summary>
    /// <exception cref="StreamErrorException">The stanza ends the stream.</exception>
    public ValueTask RouteAsync(ClientSession sender, StanzaView stanza, CancellationToken cancellationToken)
    {
        if (!stanza.Namespace.SequenceEqual("jabber:client"u8))
            throw new StreamErrorException(StreamErrorCondition.UnsupportedStanzaType);
        CheckFrom(sender, stanza);

        var name = stanza.LocalName;
        sender.Note(isActivity: !name.SequenceEqual("iq"u8));
        if (name.SequenceEqual("message"u8))
            return MessageAsync(sender, stanza, cancellationToken);
        if (name.SequenceEqual("presence"u8))
            return PresenceAsync(sender, stanza, cancellationToken);
        if (name.SequenceEqual("iq"u8))
            return IqAsync(sender, stanza, cancellationToken);
        throw new StreamErrorException(StreamErrorCondition.UnsupportedStanzaType);
    }

    /// <summary>RFC 6120 §8.1.2.1: a 'from' that isn't the sender's own ends the stream.</summary>
    private static void CheckFrom(ClientSession sender, StanzaView stanza)
    {
        if (!stanza.TryGetAttribute("from"u8, out _))
            return;
        if (!Jid.TryParse(stanza.Attribute("from"u8)!, out var from) || (from != sender.Jid && from != sender.Jid.Bare))
            throw new StreamErrorException(StreamErrorCondition.InvalidFrom);
    }

    /// <summary>The addressee; null when there is none. False when it is no JID.</summary>
    private static bool TryGetTo(StanzaView stanza, out Jid? to)
    {
        to = stanza.AttributeJid("to"u8);
        return to is not null || !stanza.TryGetAttribute("to"u8, out _);
    }

    private ValueTask MessageAsync(ClientSession sender, StanzaView message, CancellationToken cancellationToken)
    {
        if (!TryGetTo(message, out var to))
        {
            ReplyError(sender, message, StanzaError.Of(StanzaErrorCondition.JidMalformed));
            return default;
        }
        // RFC 6120 §10.3.1: without 'to' it is for the sender's own account.
        to ??= sender.Jid.Bare;
        var current = server.Current;
        var run = messages.RunAsync(current.Modules, sender, message, to, current.IsLocal(to), cancellationToken);
        return run is { IsCompletedSuccessfully: true, Result: null } ? default : FinishAsync(run, sender, message, cancellationToken);
    }

    private async ValueTask FinishAsync(
        ValueTask<StanzaError?> run, ClientSession sender, StanzaView message, CancellationToken cancellationToken)
    {
        StanzaError? error;
        try
        {
            error = await run;
        }
        catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
        {
            error = ErrorOf(failure, "message", sender.Jid);
        }
        if (error is not null)
            ReplyError(sender, message, error);
    }

    /// <summary>Tells the sender of a message that it could not be kept, even though others may have it.</summary>
    public void ReportNotKept(ClientSession sender, ArchiveEntry kept, Exception failure)
    {
        // What a service keeps is from something at it, and to nobody.
        var message = Element.Parse(kept.Stanza, Namespaces.Client);
        message = message.With("from", sender.Jid.ToString()).With("to", message["to"] ?? kept.Account.ToString());
        sender.Send(UndeliveredStanzas.Refuse(message, ErrorOf(failure, "message", sender.Jid)));
    }

    /// <summary>The same for a sender elsewhere.</summary>
    public void ReportNotKept(ArchiveEntry kept, Exception failure)
    {
        var message = Element.Parse(kept.Stanza, Namespaces.Client);
        if (message["type"] == "error")
            return;
        message = message.With("from", kept.With.ToString()).With("to", message["to"] ?? kept.Account.ToString());
        server.Remote.Send(kept.With, UndeliveredStanzas.Refuse(message, ErrorOf(failure, "message", kept.With)));
    }

    private async ValueTask PresenceAsync(ClientSession sender, StanzaView presence, CancellationToken cancellationToken)
    {
        if (!TryGetTo(presence, out var to))
        {
            ReplyError(sender, presence, StanzaError.Of(StanzaErrorCondition.JidMalformed));
            return;
        }
        var current = server.Current;
        try
        {
            if (!current.Modules.PresenceAdditions.IsEmpty && !presence.TryGetAttribute("type"u8, out _))
                presence = await CompleteAsync(current, sender, presence, cancellationToken);
            if (to is not null && current.Services.TryGetValue(to.Domain, out var service))
            {
                if (await ServePresenceAsync(current, service, sender, presence, to, cancellationToken) is { } error)
                    ReplyError(sender, presence, error);
            }
            else if (current.Modules.Presence is { } handler)
            {
                var stanza = StanzaStamper.Stamped(presence, sender);
                await handler(new PresenceRequest(sender, to, stanza), cancellationToken);
                if (to is null && stanza["type"] == "unavailable")
                {
                    foreach (var unavailable in current.Modules.Unavailable)
                        await unavailable(sender, stanza);
                }
            }
        }
        catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
        {
            ReplyError(sender, presence, ErrorOf(failure, "presence", sender.Jid));
        }
    }

    /// <summary>What the sender of a stanza is told whose handler failed; the stream goes on.</summary>
    private StanzaError ErrorOf(Exception failure, string stanza, Jid sender)
    {
        if (failure is StoreException store)
        {
            LogStoreFailed(store.Message, stanza, sender);
            return StanzaError.Of(store.Condition);
        }
        LogHandlerFailed(failure, stanza, sender);
        return StanzaError.Of(StanzaErrorCondition.InternalServerError);
    }

    private async ValueTask IqAsync(ClientSession sender, StanzaView iq, CancellationToken cancellationToken)
    {
        if (!TryGetTo(iq, out var to))
        {
            ReplyError(sender, iq, StanzaError.Of(StanzaErrorCondition.JidMalformed));
            return;
        }
        if (!IsComplete(iq, out var request))
        {
            ReplyError(sender, iq, StanzaError.Of(StanzaErrorCondition.BadRequest));
            return;
        }

        to ??= sender.Jid.Bare;
        var current = server.Current;
        if (!current.Modules.Guards.IsEmpty
            && await CheckAsync(current, sender, iq, request, to, cancellationToken) is { Passes: false } verdict)
        {
            // A request is answered, whatever the guards say (RFC 6120 §8.2.3).
            if (request is not null)
                ReplyError(sender, iq, verdict.Error ?? StanzaError.Of(StanzaErrorCondition.ServiceUnavailable));
            return;
        }
        if (current.Services.TryGetValue(to.Domain, out var service))
        {
            await ServeIqAsync(service, sender, iq, request, to, cancellationToken);
        }
        else if (!current.IsLocal(to))
        {
            var output = Scratch.Rent();
            StanzaStamper.Write(output, iq, sender);
            if (server.Remote.Send(to, output.WrittenSpan) is { } error && request is not null)
                ReplyError(sender, iq, error);
        }
        else if (to is { Local: not null, IsFull: true })
        {
            if (request is not null && FindCheck(current, iq) is { } check
                && await MayForwardAsync(check, sender.Jid, to, cancellationToken) is { } refusal)
                ReplyError(sender, iq, refusal);
            else if (sessions.Find(to) is { } recipient)
                Forward(sender, iq, recipient);
            else if (request is not null)
                ReplyError(sender, iq, StanzaError.Of(StanzaErrorCondition.ServiceUnavailable)); // RFC 6121 §8.5.3.2.3
        }
        else if (request is { } type)
        {
            var reply = await AnswerAsync(current, sender, iq, type, to, cancellationToken);
            Reply(sender, iq, reply);
            if (reply.End is { } end)
                sender.End(end);
        }
        else
        {
            // Most answer nothing but a roster push or a ping, of which nobody wants to know (RFC 6121 §2.1.6, §8.5.2.1.3).
            ServerQueries.Answer(sender, iq, to);
        }
    }

    /// <summary>Asks the guards for the sender's account and for the recipient's. Within one account there is nothing to ask.</summary>
    private async ValueTask<GuardVerdict> CheckAsync(
        ServerState current, ClientSession sender, StanzaView iq, IqType? request, Jid to, CancellationToken cancellationToken)
    {
        var account = sender.Jid.Bare;
        if (to.Bare == account)
            return GuardVerdict.Pass;
        var type = NameOf(request, iq);
        try
        {
            var guards = current.Modules.Guards;
            var verdict = await guards.CheckAsync(new(StanzaKind.Iq, account, MessageDirection.Sent, to, type), cancellationToken);
            return verdict.Passes && to.Local is not null && current.IsLocal(to)
                ? await guards.CheckAsync(new(StanzaKind.Iq, to.Bare, MessageDirection.Received, sender.Jid, type), cancellationToken)
                : verdict;
        }
        catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
        {
            return GuardVerdict.Refuse(ErrorOf(failure, "iq", sender.Jid));
        }
    }

    /// <summary>Who decides whether such a request may go to a client; null when all may.</summary>
    private static ForwardingCheck? FindCheck(ServerState current, StanzaView iq)
    {
        foreach (var entry in current.Modules.ForwardingChecks)
        {
            if (entry.IsFor(iq))
                return entry.Check;
        }
        return null;
    }

    private async ValueTask<StanzaError?> MayForwardAsync(
        ForwardingCheck check, Jid sender, Jid to, CancellationToken cancellationToken)
    {
        try
        {
            return await check(sender, to, cancellationToken);
        }
        catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
        {
            return ErrorOf(failure, "iq", sender);
        }
    }

    /// <summary>RFC 6120 §8.2.3: 'id' and a known 'type' are required, and a request has exactly one child.</summary>
    /// <param name="request">What is asked for; null for an answer, a result or an error.</param>
    private static bool IsComplete(StanzaView iq, out IqType? request) =>
        TryGetType(iq, out request) && iq.TryGetAttribute("id"u8, out _) && (request is null || iq.ChildCount == 1);

    private static bool TryGetType(StanzaView iq, out IqType? request)
    {
        request = null;
        if (!iq.TryGetAttribute("type"u8, out var type))
            return false;
        var value = iq.Bytes.Span[type.RawValue];
        if (value.SequenceEqual("get"u8))
            request = IqType.Get;
        else if (value.SequenceEqual("set"u8))
            request = IqType.Set;
        return request is not null || value.SequenceEqual("result"u8) || value.SequenceEqual("error"u8);
    }

    private static string NameOf(IqType? request, StanzaView iq) => request switch
    {
        IqType.Get => "get",
        IqType.Set => "set",
        _ => IsError(iq) ? "error" : "result",
    };

    private static bool IsError(StanzaView stanza) =>
        stanza.TryGetAttribute("type"u8, out var type) && stanza.Bytes.Span[type.RawValue].SequenceEqual("error"u8);

    private ValueTask<IqReply> AnswerAsync(
        ServerState current, ClientSession sender, StanzaView iq, IqType type, Jid to, CancellationToken cancellationToken)
    {
        if (to is { Local: null, IsFull: true })
            return new(IqReply.Failed(StanzaErrorCondition.ServiceUnavailable));
        // RFC 6120 §7.1: a stream has one resource, and this one has it.
        if (type == IqType.Set && iq.HasChild("urn:ietf:params:xml:ns:xmpp-bind"u8, "bind"u8))
            return new(IqReply.Failed(StanzaErrorCondition.NotAllowed));
        return iqs.AnswerAsync(current.Modules, new IqRequest(iq)
        {
            Type = type,
            From = sender.Jid,
            To = to,
            Target = to.Local is null ? IqTarget.Server : to == sender.Jid.Bare ? IqTarget.OwnAccount : IqTarget.OtherAccount,
            Session = sender,
        }, cancellationToken);
    }

    private static void Forward(ClientSession sender, StanzaView stanza, ClientSession recipient)
    {
        var output = Scratch.Rent();
        StanzaStamper.Write(output, stanza, sender);
        recipient.Send(output.WrittenSpan);
    }

    private static void Reply(ClientSession sender, StanzaView iq, IqReply reply)
    {
        if (reply.IsSent)
            return;
        if (reply.Error is { } error)
        {
            ReplyError(sender, iq, error);
            return;
        }
        Respond(sender, iq, "result"u8, reply.Payload);
    }

    /// <summary>Returns a stanza to its sender as an error (RFC 6120 §8.3.1); errors and results are not answered.</summary>
    private static void ReplyError(ClientSession sender, StanzaView stanza, StanzaError error)
    {
        if (stanza.Attribute("type"u8) is "error" or "result")
            return;
        Respond(sender, stanza, "error"u8, error.About, error.ToElement());
    }

    private static void Respond(
        ClientSession sender, StanzaView stanza, ReadOnlySpan<byte> type, Element? content, Element? error = null)
    {
        var output = Scratch.Rent();
        ResponseWriter.Write(output, stanza, sender.QuotedJid, type, content, error);
        sender.Send(output.WrittenSpan);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The store failed ({Failure}) for a {Stanza} from {Sender}")]
    private partial void LogStoreFailed(string failure, string stanza, Jid sender);

    [LoggerMessage(Level = LogLevel.Error, Message = "A handler of a {Stanza} from {Sender} failed")]
    private partial void LogHandlerFailed(Exception bug, string stanza, Jid sender);
}
