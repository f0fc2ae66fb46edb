using Microsoft.Extensions.Logging;
using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;
using Xmpp.Server.Components;
using Xmpp.Server.Modules;

namespace Xmpp.Server.Routing;

/// <summary>
/// Answers IQs of type get and set on behalf of the server and its accounts: one look-up, and exactly one reply
/// whatever the handler does (RFC 6120 §8.2.3).
/// </summary>
internal sealed partial class IqDispatcher(DelegatedNamespaces delegated, ILogger<IqDispatcher> logger)
{
    public async ValueTask<IqReply> AnswerAsync(ModuleTable modules, IqRequest request, CancellationToken cancellationToken)
    {
        if (delegated.FindManager(request) is { } manager)
            return await delegated.ForwardAsync(request, manager, cancellationToken);
        var reply = await AnswerOurselvesAsync(modules, request, cancellationToken);
        return reply.Error is { Condition: StanzaErrorCondition.ItemNotFound } && delegated.FindManagerOfNode(request) is { } other
            ? await delegated.ForwardAsync(request, other, cancellationToken)
            : reply;
    }

    private async ValueTask<IqReply> AnswerOurselvesAsync(ModuleTable modules, IqRequest request, CancellationToken cancellationToken)
    {
        // RFC 6120 §8.4, RFC 6121 §8.5.1: what is not understood, or not for this sender, is not available.
        if (modules.FindIq(request.Type, request.Target, request.PayloadName) is not { } handler)
            return IqReply.Failed(StanzaErrorCondition.ServiceUnavailable);
        try
        {
            return await handler(request, cancellationToken);
        }
        catch (StoreException failure)
        {
            LogStoreFailed(failure.Message, request.PayloadName, request.From);
            return IqReply.Failed(failure.Condition);
        }
        catch (Exception bug) when (!cancellationToken.IsCancellationRequested)
        {
            LogHandlerFailed(bug, request.PayloadName, request.From);
            return IqReply.Failed(StanzaErrorCondition.InternalServerError);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The store failed ({Failure}) for {Payload} from {From}")]
    private partial void LogStoreFailed(string failure, XmlName payload, Jid from);

    [LoggerMessage(Level = LogLevel.Error, Message = "The handler of {Payload} failed for {From}")]
    private partial void LogHandlerFailed(Exception bug, XmlName payload, Jid from);
}
