using System.Buffers;
using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;

namespace Xmpp.Modules;

/// <summary>
/// XEP-0280 Message Carbons: a client that wants them gets copies of what the account's other clients send, and of what only they receive.
/// </summary>
[Xep(280, "1.0.1")]
public sealed class MessageCarbons(ISessionDirectory sessions) : IXmppModule
{
    /// <summary>The namespace of requests and of copies.</summary>
    public const string Ns = "urn:xmpp:carbons:2";

    private const string RoomUser = "http://jabber.org/protocol/muc#user";

    private static readonly XmlName Enable = new(Ns, "enable");
    private static readonly XmlName Disable = new(Ns, "disable");

    private static readonly SessionKey<object> Enabled = SessionKey.Flag("carbons");

    public void Register(IModuleBuilder builder)
    {
        builder.Feature(IqTarget.Server | IqTarget.OwnAccount, Ns);
        builder.Feature(IqTarget.Server | IqTarget.OwnAccount, "urn:xmpp:carbons:rules:0"); // §6.2
        builder.Iq(IqType.Set, IqTarget.OwnAccount, Enable, (iq, _) => Switch(iq, Enabled));
        builder.Iq(IqType.Set, IqTarget.OwnAccount, Disable, (iq, _) => Switch(iq, null));
        // §4.1, §5.1: not somebody else's.
        builder.Iq(IqType.Set, IqTarget.OtherAccount, Enable, (_, _) => new(IqReply.Failed(StanzaErrorCondition.NotAllowed)));
        builder.Iq(IqType.Set, IqTarget.OtherAccount, Disable, (_, _) => new(IqReply.Failed(StanzaErrorCondition.NotAllowed)));
        builder.InlineBind(Ns, (bind, _) =>
        {
            if (bind.Request.Child(Enable) is not null)
                bind.Session.State.Set(Enabled, Enabled);
            return default;
        });
        builder.Message(MessageStage.Copy, (message, _) =>
        {
            Copy(message);
            return new(Verdict.Continue);
        });
    }

    /// <summary>Whether a message is one that copies are made of (§6.1, §9).</summary>
    /// <param name="direction">On which side of the conversation the account is.</param>
    internal static bool IsEligible(StanzaView message, MessageType type, MessageDirection direction)
    {
        if (type == MessageType.Groupchat)
            return false;
        bool isRoomMessage = false, isInvitation = false, isImPayload = false;
        for (var i = 0; i < message.ChildCount; i++)
        {
            var child = message.Child(i);
            var name = child.LocalName;
            var ns = child.Namespace;
            if ((name.SequenceEqual("private"u8) && ns.SequenceEqual("urn:xmpp:carbons:2"u8))
                || (name.SequenceEqual("no-copy"u8) && ns.SequenceEqual("urn:xmpp:hints"u8)))
            {
                return false;
            }
            if (ns.SequenceEqual("http://jabber.org/protocol/muc#user"u8))
            {
                isRoomMessage = true;
                isInvitation |= HasInvitation(message.ToElement());
            }
            isInvitation |= ns.SequenceEqual("jabber:x:conference"u8); // XEP-0249
            isImPayload |= ns.SequenceEqual("urn:xmpp:receipts"u8) // XEP-0184
                || ns.SequenceEqual("http://jabber.org/protocol/chatstates"u8) // XEP-0085
                || ns.StartsWith("urn:xmpp:chat-markers:"u8); // XEP-0333
        }
        if (isInvitation)
            return true;
        // What an occupant of a room writes to another, the room has sent to all clients that joined it.
        if (isRoomMessage && direction == MessageDirection.Received)
            return false;
        return type switch
        {
            MessageType.Chat or MessageType.Error => true,
            MessageType.Normal => isRoomMessage || isImPayload || MessageContent.HasBody(message),
            _ => isImPayload,
        };
    }

    /// <summary>Whether a room passes an invitation on, or its refusal (XEP-0045 §7.8.2).</summary>
    private static bool HasInvitation(Element message) => message.Child(RoomUser, "x") is { } x
        && (x.Child(RoomUser, "invite") is not null || x.Child(RoomUser, "decline") is not null);

    private static ValueTask<IqReply> Switch(IqRequest iq, object? value)
    {
        if (iq.Session is not { } session)
            return new(IqReply.NeedsSession);
        session.State.Set(Enabled, value);
        return new(IqReply.Result());
    }

    private void Copy(MessageContext message)
    {
        var resources = sessions.Of(message.Account);
        // Nearly all have one client, or none that wants copies.
        if (resources.IsEmpty || (resources.Length == 1 && resources[0] == message.Sender))
            return;
        BroadcastStanza? copy = null;
        foreach (var resource in resources)
        {
            if (message.IsWith(resource) || resource.State.Get(Enabled) is null || GetsOriginal(resource, message))
                continue;
            if (copy is null && !IsEligible(message.Stanza, message.Type, message.Direction))
                return;
            copy ??= CopyOf(message);
            message.Copy(copy.Value, resource);
        }
    }

    /// <summary>Who gets the message itself (RFC 6121 §8.5), if only when older ones have come, gets no copy (§7).</summary>
    private bool GetsOriginal(ISession resource, MessageContext message)
    {
        if (!message.IsForAccount)
            return false;
        if (message.To.IsFull && sessions.Find(message.To) is { } addressed)
            return addressed == resource;
        // Errors for the account are for nobody (§8.5.2.1.1), and not worth a copy either.
        return message.Type == MessageType.Error || resource.Presence is { TakesMessages: true };
    }

    private static BroadcastStanza CopyOf(MessageContext message)
    {
        var bytes = new ArrayBufferWriter<byte>(512);
        message.Write(bytes);
        var original = Element.Parse(bytes.WrittenMemory);
        return BroadcastStanza.Of(new Element(Namespaces.Client, "message",
            Element.Attr("from", message.Account.ToString()),
            Element.Attr("type", original["type"]),
            new Element(Ns, message.Direction == MessageDirection.Sent ? "sent" : "received", new Forwarded(original).ToElement())));
    }
}
