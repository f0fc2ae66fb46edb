using Xmpp.Core.Xml;

namespace Xmpp.Core.Modules;

/// <summary>XEP-0334 Message Processing Hints: what the sender of a message wishes those who handle it to do.</summary>
[Flags]
[Xep(334, "1.0.0")]
public enum MessageHints
{
    None = 0,

    /// <summary>Not to be kept at all, not even until the recipient comes (§4.2).</summary>
    NoStore = 1,

    /// <summary>Not to be archived; to keep it until the recipient comes is delivery, and no harm (§4.1).</summary>
    NoPermanentStore = 2,

    /// <summary>To be kept, whatever it contains (§4.4).</summary>
    Store = 4,
}

/// <summary>What a message is, as far as it matters to keeping it.</summary>
public static class MessageContent
{
    private static ReadOnlySpan<byte> Hints => "urn:xmpp:hints"u8;

    private static ReadOnlySpan<byte> ChatStates => "http://jabber.org/protocol/chatstates"u8;

    private static ReadOnlySpan<byte> StanzaIds => "urn:xmpp:sid:0"u8;

    /// <summary>Whether there is a body (RFC 6121 §5.2.3).</summary>
    public static bool HasBody(StanzaView message) => message.HasChild("jabber:client"u8, "body"u8);

    /// <summary>The hints of a message; none for one of type "error", whose payload was meant otherwise (§5).</summary>
    public static MessageHints HintsOf(StanzaView message, MessageType type)
    {
        var hints = MessageHints.None;
        if (type == MessageType.Error)
            return hints;
        for (var i = 0; i < message.ChildCount; i++)
        {
            var child = message.Child(i);
            if (!child.Namespace.SequenceEqual(Hints))
                continue;
            if (child.LocalName.SequenceEqual("no-store"u8))
                hints |= MessageHints.NoStore;
            else if (child.LocalName.SequenceEqual("no-permanent-store"u8))
                hints |= MessageHints.NoPermanentStore;
            else if (child.LocalName.SequenceEqual("store"u8))
                hints |= MessageHints.Store;
        }
        return hints;
    }

    /// <summary>
    /// Whether there is more in a message than the state of a chat (XEP-0085), which means nothing later, and what goes with it: the
    /// thread, hints, ids.
    /// </summary>
    public static bool IsMoreThanAState(StanzaView message)
    {
        for (var i = 0; i < message.ChildCount; i++)
        {
            var child = message.Child(i);
            var ns = child.Namespace;
            if (!ns.SequenceEqual(ChatStates) && !ns.SequenceEqual(Hints) && !ns.SequenceEqual(StanzaIds)
                && !(child.LocalName.SequenceEqual("thread"u8) && ns.SequenceEqual("jabber:client"u8)))
            {
                return true;
            }
        }
        return false;
    }
}
