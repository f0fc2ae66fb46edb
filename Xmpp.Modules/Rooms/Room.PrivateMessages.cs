using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;

namespace Xmpp.Modules.Rooms;

/// <content>Messages to one occupant (XEP-0045 §7.5).</content>
internal sealed partial class Room
{
    /// <summary>Makes of a private message what its recipient gets.</summary>
    /// <param name="outgoing">To be sent once the room is given back: who gets it may have much to do with it.</param>
    public StanzaError? Whisper(ServiceStanza message, MessageType type, List<Element> outgoing)
    {
        if (type == MessageType.Groupchat)
            return Refusal(StanzaErrorCondition.BadRequest, "A message to one occupant is not of the type \"groupchat\".");
        if (CheckSpeaker(message, out var session) is { } refusal)
            return refusal;
        var sender = session!.Occupant;
        if (FindNick(message.To.Resource!) is not { } recipient)
            return Refusal(StanzaErrorCondition.ItemNotFound, "Nobody here is called that.");
        if (type != MessageType.Error && !MayWhisper(sender, recipient))
            return Refusal(StanzaErrorCondition.Forbidden, "Private messages are not allowed.");
        var element = message.View.ToElement();
        var content = new Element(element.Name, element.Attributes,
            element.Nodes.Where(node => node is not Element { Name.Namespace: Muc.User or OccupantIds.Ns }),
            OccupantIds.ElementOf(sender.Id),
            type == MessageType.Error ? null : new Element(Muc.UserInfo)).With("from", sender.Address.ToString());
        if (message.Sender?.Language is { } language && content.Attribute(_language) is null)
            content = content.With(_language, language);
        // §7.2.8: to all clients of the recipient.
        foreach (var client in recipient.Sessions)
            outgoing.Add(content.With("to", client.Jid.ToString()));
        return null;
    }

    private static readonly XmlName _language = new(Namespaces.Xml, "lang");

    /// <summary><c>muc#roomconfig_allowpm</c>. To oneself, on another device, in any case.</summary>
    private bool MayWhisper(Occupant sender, Occupant recipient) => Configuration.PrivateMessages switch
    {
        PrivateMessages.Anyone => true,
        PrivateMessages.Participants => sender.Role >= Role.Participant,
        PrivateMessages.Moderators => sender.Role == Role.Moderator,
        _ => false,
    } || sender == recipient;
}
