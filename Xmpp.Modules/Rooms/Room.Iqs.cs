using System.Globalization;
using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;

namespace Xmpp.Modules.Rooms;

/// <content>IQs between occupants (XEP-0045 §17.4): neither learns who the other is. And whether one is in the room (XEP-0410).</content>
internal sealed partial class Room
{
    /// <summary>Requests that may wait for answers; of more the oldest are forgotten.</summary>
    private const int MaxPending = 500;

    private static readonly XmlName Ping = new("urn:xmpp:ping", "ping");

    private readonly OrderedDictionary<string, PendingIq> _pending = [];
    private long _lastIq;

    /// <summary>Whether an occupant may ask another one something.</summary>
    public StanzaError? CheckAsker(ServiceStanza iq, out Occupant? asker, out Occupant? asked)
    {
        (asker, asked) = (null, FindNick(iq.To.Resource!));
        if (!_sessions.TryGetValue(iq.From, out var session))
        {
            // §6.6; XEP-0410 §3.1.
            return Refusal(
                iq.Payload.Name.Namespace is Namespaces.DiscoInfo or Namespaces.DiscoItems
                    ? StanzaErrorCondition.BadRequest : StanzaErrorCondition.NotAcceptable,
                "You are not in this room.");
        }
        asker = session.Occupant;
        return asked is null ? Refusal(StanzaErrorCondition.ItemNotFound, "Nobody here is called that.")
            : IsInPace(session) ? null
            : TooFast();
    }

    /// <summary>Passes a request on to an occupant's client.</summary>
    public IqReply PassOn(ServiceStanza iq)
    {
        if (CheckAsker(iq, out var asker, out var recipient) is { } refusal)
            return IqReply.Failed(refusal);
        if (recipient == asker && iq.Payload.Name == Ping)
            return IqReply.Result(); // XEP-0410 §4
        var client = recipient!.Shown;
        var id = $"{Jid.Local}-{(++_lastIq).ToString(CultureInfo.InvariantCulture)}";
        while (_pending.Count >= MaxPending)
            _pending.RemoveAt(0);
        _pending[id] = new(iq.From, iq.View.Attribute("id"u8)!, client.Jid, iq.To);
        Send(client, BroadcastStanza.Of(iq.View.ToElement().With("id", id).With("from", asker!.Address.ToString())));
        return IqReply.Sent;
    }

    /// <summary>Passes an answer on to who asked.</summary>
    public void PassAnswerOn(ServiceStanza iq)
    {
        var id = iq.View.Attribute("id"u8)!;
        if (!_pending.TryGetValue(id, out var pending) || pending.Asked != iq.From)
            return;
        _pending.Remove(id);
        if (_sessions.TryGetValue(pending.Asker, out var asker))
            Send(asker, BroadcastStanza.Of(iq.View.ToElement().With("id", pending.Id).With("from", pending.Address.ToString())));
    }

    /// <param name="Asker">A full JID.</param>
    /// <param name="Id">That the asker knows it by.</param>
    /// <param name="Asked">A full JID.</param>
    /// <param name="Address">That was asked.</param>
    private sealed record PendingIq(Jid Asker, string Id, Jid Asked, Jid Address);
}
