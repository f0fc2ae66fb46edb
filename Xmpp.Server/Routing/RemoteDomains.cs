using System.Collections.Concurrent;
using System.Security.Cryptography;
using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;
using Xmpp.Server.Components;
using Xmpp.Server.Federation;
using Xmpp.Server.Sessions.Journal;
using Xmpp.Server.Transport;

namespace Xmpp.Server.Routing;

/// <inheritdoc cref="IRemoteDomains"/>
/// <param name="federation">Null where there are no other servers.</param>
internal sealed class RemoteDomains(ComponentDirectory components, FederationDirectory? federation, TimeProvider time) : IRemoteDomains
{
    /// <summary>Requests that may wait for answers at a time.</summary>
    private const int MaxPending = 10_000;

    private readonly ConcurrentDictionary<string, (Jid Asked, Jid Asker, TaskCompletionSource<Element?> Answer)> _pending = new();

    public bool IsKnown(Jid address) => components.IsKnown(address.Domain) || federation?.IsKnown(address.Domain) == true;

    public StanzaError? Send(Jid to, ReadOnlySpan<byte> stanza) => Send(to, stanza, default);

    /// <inheritdoc cref="FederationDirectory.Send"/>
    public StanzaError? Send(Jid to, ReadOnlySpan<byte> stanza, StanzaOrigin origin) => components.IsKnown(to.Domain)
        ? components.Send(to.Domain, stanza)
        : federation is null ? StanzaError.Of(StanzaErrorCondition.RemoteServerNotFound)
        : federation.Send(to.Domain, stanza, origin);

    public StanzaError? Send(Jid to, Element stanza)
    {
        var output = Scratch.Rent();
        XmlStreamWriter.Write(output, stanza, Namespaces.Client, streamPrefix: false);
        return Send(to, output.WrittenSpan);
    }

    public async ValueTask<Element?> AskAsync(
        Jid to, Jid from, IqType type, Element payload, TimeSpan patience, CancellationToken cancellationToken)
    {
        if (_pending.Count >= MaxPending)
            return null;
        // Nobody else can guess it, and what comes late is nobody's.
        var id = RandomNumberGenerator.GetHexString(24, lowercase: true);
        var answer = new TaskCompletionSource<Element?>(TaskCreationOptions.RunContinuationsAsynchronously);
        _pending[id] = (to, from, answer);
        try
        {
            var error = Send(to, new Element(Namespaces.Client, "iq",
                Element.Attr("type", type == IqType.Get ? "get" : "set"),
                Element.Attr("id", id),
                Element.Attr("from", from.ToString()),
                Element.Attr("to", to.ToString()),
                payload));
            return error is null
                ? await answer.Task.WaitAsync(patience, time, cancellationToken)
                : new Element(Namespaces.Client, "iq", Element.Attr("type", "error"), error.ToElement());
        }
        catch (TimeoutException)
        {
            return null;
        }
        finally
        {
            _pending.TryRemove(id, out _);
        }
    }

    /// <summary>Takes an IQ of type "result" or "error" for the server or an account, if it was asked for.</summary>
    public void Answer(StanzaView iq, Jid from, Jid to)
    {
        if (iq.Attribute("id"u8) is { } id && _pending.TryGetValue(id, out var pending) && pending.Asked == from && pending.Asker == to)
            pending.Answer.TrySetResult(iq.ToElement());
    }
}
