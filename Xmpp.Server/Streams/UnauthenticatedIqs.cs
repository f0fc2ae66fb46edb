using Microsoft.Extensions.Logging;
using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Core.Streams;
using Xmpp.Core.Xml;

namespace Xmpp.Server.Streams;

/// <summary>
/// The requests that modules answer before authentication, as XEP-0077 needs it. Whatever they don't answer is none of a client that
/// has not authenticated (RFC 6120 §4.9.3.12).
/// </summary>
internal sealed partial class UnauthenticatedIqs(StreamNegotiator negotiator) : StreamFeature(negotiator)
{
    private UnauthenticatedStream? _stream;

    /// <summary>What modules grant on top of the time for negotiation.</summary>
    public TimeSpan ExtraTime => _stream?.ExtraTime ?? TimeSpan.Zero;

    public override IEnumerable<Element> Offer() => [];

    public override bool Accepts(Element element) => Find(element) is not null;

    public override async ValueTask HandleAsync(Element element, CancellationToken cancellationToken)
    {
        var reply = element["id"] is { } id && element.Elements.Count() == 1
            ? await AnswerAsync(Find(element)!, id, element.Elements.First(), cancellationToken)
            : IqReply.Failed(StanzaErrorCondition.BadRequest); // RFC 6120 §8.2.3
        Negotiator.Stream.Send(new Element(Namespaces.Client, "iq",
            Element.Attr("type", reply.Error is null ? "result" : "error"),
            Element.Attr("id", element["id"]),
            Element.Attr("from", element["to"]),
            reply.Payload,
            reply.Error?.ToElement()));
    }

    /// <summary>For a request of the host that the stream is with, on a stream that is protected.</summary>
    private UnauthenticatedIqHandler? Find(Element element)
    {
        if (Negotiator.Phase != NegotiationPhase.Secured || element.Name is not { Namespace: Namespaces.Client, Local: "iq" }
            || element["type"] is not ("get" or "set")
            || element.Elements.FirstOrDefault() is not { } payload
            || (element["to"] is { } to && !(Jid.TryParse(to, out var jid) && jid.ToString() == Negotiator.Host)))
        {
            return null;
        }
        var type = element["type"] == "get" ? IqType.Get : IqType.Set;
        return Negotiator.Server.Current.Modules.FindUnauthenticatedIq(type, payload.Name);
    }

    private async ValueTask<IqReply> AnswerAsync(
        UnauthenticatedIqHandler handler, string id, Element payload, CancellationToken cancellationToken)
    {
        var (logger, address) = (Negotiator.Server.StreamLogger, Negotiator.Stream.Connection.RemoteEndPoint);
        _stream ??= new UnauthenticatedStream(Negotiator.Host!, address.Address);
        try
        {
            var reply = await handler(new UnauthenticatedIq(id, payload, _stream), cancellationToken);
            LogAnswered(logger, payload.Name, address, reply.Error?.Condition, reply.Error?.Text);
            return reply;
        }
        catch (StoreException failure)
        {
            LogStoreFailed(logger, failure.Message, payload.Name, address);
            return IqReply.Failed(failure.Condition);
        }
        catch (Exception bug) when (bug is not StreamErrorException && !cancellationToken.IsCancellationRequested)
        {
            LogHandlerFailed(logger, bug, payload.Name, address);
            return IqReply.Failed(StanzaErrorCondition.InternalServerError);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Payload} from {Address}, not authenticated, answered: {Error} {Text}")]
    private static partial void LogAnswered(
        ILogger logger, XmlName payload, System.Net.IPEndPoint address, StanzaErrorCondition? error, string? text);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The store failed ({Failure}) for {Payload} from {Address}, not authenticated")]
    private static partial void LogStoreFailed(ILogger logger, string failure, XmlName payload, System.Net.IPEndPoint address);

    [LoggerMessage(Level = LogLevel.Error, Message = "The handler of {Payload} failed for {Address}, not authenticated")]
    private static partial void LogHandlerFailed(ILogger logger, Exception bug, XmlName payload, System.Net.IPEndPoint address);
}
