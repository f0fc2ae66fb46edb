using Xmpp.Core.Modules;
using Xmpp.Core.Xml;

namespace Xmpp.Modules.Archive;

/// <summary>What an archive makes of a message's content (XEP-0313 §5.1.1).</summary>
/// <param name="IsKept">
/// Whether it is part of a conversation: what people wrote or did, and what became of it. Not what means nothing later, such as the state
/// of a chat; nor, for accounts, what rooms send to all, which they archive themselves.
/// </param>
/// <param name="IsShown">Whether it is something new to read, by which a conversation is known and unread (XEP-0430).</param>
/// <param name="HasText">Whether its text is what somebody wrote, and can be searched for (XEP-0431).</param>
internal readonly record struct ArchivedContent(bool IsKept, bool IsShown, bool HasText)
{
    private enum Kind
    {
        /// <summary>Nothing to keep a message for.</summary>
        Nothing,

        /// <summary>Something to read.</summary>
        Text,

        /// <summary>Something to read that nobody else can; the text beside it says only that.</summary>
        Encrypted,

        /// <summary>Something about an earlier message, or about a call; the text beside it is for clients that don't know it.</summary>
        About,

        /// <summary>A new text for an earlier message.</summary>
        Correction,
    }

    public static ArchivedContent Of(StanzaView message, MessageType type) =>
        type is MessageType.Normal or MessageType.Chat ? Examine(message, type) : default;

    /// <summary>Of what is said to all in a room, for the room's own archive (§5.1.2).</summary>
    public static ArchivedContent OfRoom(StanzaView message) => Examine(message, MessageType.Groupchat);

    private static ArchivedContent Examine(StanzaView message, MessageType type)
    {
        var hints = MessageContent.HintsOf(message, type);
        if ((hints & (MessageHints.NoStore | MessageHints.NoPermanentStore)) != 0)
            return default;

        bool hasText = false, isEncrypted = false, isAbout = false, isCorrection = false;
        for (var i = 0; i < message.ChildCount; i++)
        {
            switch (KindOf(message.Child(i)))
            {
                case Kind.Text:
                    hasText = true;
                    break;
                case Kind.Encrypted:
                    isEncrypted = true;
                    break;
                case Kind.About:
                    isAbout = true;
                    break;
                case Kind.Correction:
                    isCorrection = true;
                    break;
            }
        }
        return new(
            IsKept: hasText || isEncrypted || isAbout || (hints & MessageHints.Store) != 0,
            IsShown: (hasText || isEncrypted) && !isAbout && !isCorrection,
            HasText: hasText && !isEncrypted && !isAbout);
    }

    /// <summary>The text of a message that has some: its bodies and its subject.</summary>
    public static string TextOf(StanzaView message)
    {
        var text = "";
        for (var i = 0; i < message.ChildCount; i++)
        {
            var child = message.Child(i);
            if (child.Namespace.SequenceEqual("jabber:client"u8) && KindOf(child) == Kind.Text)
                text = text.Length == 0 ? message.ChildText(i) : $"{text}\n{message.ChildText(i)}";
        }
        return text;
    }

    private static Kind KindOf(in StanzaChild child)
    {
        var ns = child.Namespace;
        var name = child.LocalName;
        if (ns.SequenceEqual("jabber:client"u8))
            return name.SequenceEqual("body"u8) || name.SequenceEqual("subject"u8) ? Kind.Text : Kind.Nothing;
        if (ns.SequenceEqual("urn:xmpp:message-correct:0"u8)) // XEP-0308
            return Kind.Correction;
        if (ns.SequenceEqual("eu.siacs.conversations.axolotl"u8) || ns.SequenceEqual("urn:xmpp:omemo:2"u8) // XEP-0384
            || ns.SequenceEqual("urn:xmpp:openpgp:0"u8) || ns.SequenceEqual("jabber:x:encrypted"u8)) // XEP-0373, XEP-0027
        {
            return Kind.Encrypted;
        }
        if (ns.SequenceEqual("urn:xmpp:receipts"u8)) // XEP-0184: the answer, not the question
            return name.SequenceEqual("received"u8) ? Kind.About : Kind.Nothing;
        if (ns.StartsWith("urn:xmpp:chat-markers:"u8)) // XEP-0333: the same
            return name.SequenceEqual("markable"u8) ? Kind.Nothing : Kind.About;
        return ns.StartsWith("urn:xmpp:reactions:"u8) // XEP-0444
            || (ns.StartsWith("urn:xmpp:message-retract:"u8) && name.SequenceEqual("retract"u8)) // XEP-0424
            || ns.StartsWith("urn:xmpp:jingle-message:"u8) // XEP-0353
            || ns.StartsWith("urn:xmpp:call-invites:"u8) // XEP-0482
            || ns.SequenceEqual("urn:xmpp:fasten:0"u8) // XEP-0422
            ? Kind.About
            : ns.SequenceEqual("jabber:x:conference"u8) // XEP-0249
                || ns.SequenceEqual("urn:xmpp:sfs:0"u8) // XEP-0447
                || ns.SequenceEqual("urn:xmpp:mmn:0"u8) // XEP-0452
                ? Kind.Text
                : Kind.Nothing;
    }
}
