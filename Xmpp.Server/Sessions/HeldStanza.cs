using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Xml;
using Xmpp.Server.Hosting;

namespace Xmpp.Server.Sessions;

/// <summary>
/// A stanza that a client nobody looks at needs not have now (XEP-0352), and that is worth nothing once the session is over: so none
/// that a person reads, that is kept for somebody, or that waits for an answer.
/// </summary>
/// <param name="Bytes">As it will be sent.</param>
/// <param name="From">As it says; null when it doesn't.</param>
/// <param name="Key">What it is the news of: of two with the same key the newer one says all. Null: each says something of its own.</param>
/// <param name="SentAt">When it was to be sent.</param>
internal sealed record HeldStanza(ReadOnlyMemory<byte> Bytes, string? From, string? Key, DateTimeOffset SentAt)
{
    private const string EachItsOwn = "";
    private const string RoomUser = "http://jabber.org/protocol/muc#user";

    [ThreadStatic] private static StanzaFramer? t_framer;

    /// <summary>Takes a copy of a stanza that can wait; null when it is to be sent now.</summary>
    /// <param name="owner">The session's full JID.</param>
    /// <param name="from">Who sent it, also when it can't wait.</param>
    public static HeldStanza? Of(
        ReadOnlySpan<byte> stanza, Jid owner, ClientStateOptions options, DateTimeOffset now, out string? from)
    {
        ReadOnlyMemory<byte> bytes = stanza.ToArray();
        var view = Read(bytes);
        from = view?.Attribute("from"u8);
        if (view is null || view.LocalName.SequenceEqual("iq"u8))
            return null;
        var (kind, key) = view.LocalName.SequenceEqual("presence"u8) ? (ClientStateOptions.Presence, PresenceKey(view, from, owner))
            : MessageTypes.Of(view) == MessageType.Headline && !MessageContent.HasBody(view) ? (ClientStateOptions.Headlines, EachItsOwn)
            : (ClientStateOptions.ChatStates, StateKey(view, from, owner));
        return key is not null && options.Holds(kind) ? new(bytes, from, key == EachItsOwn ? null : key, now) : null;
    }

    /// <summary>Whose availability it is news of; null when it is more than that, or answers the client itself.</summary>
    private static string? PresenceKey(StanzaView presence, string? from, Jid owner)
    {
        if (presence.Attribute("type"u8) is not (null or "unavailable"))
            return null;
        // A room tells its occupant what became of them, or of the room (XEP-0045 §15.6.2, §10.9).
        if (from == owner.ToString() || (presence.HasChild("http://jabber.org/protocol/muc#user"u8, "x"u8)
            && presence.ToElement().Child(RoomUser, "x")!.Elements.Any(child => child.Name.Local is "status" or "destroy")))
        {
            return null;
        }
        return $"presence {from}";
    }

    /// <summary>Whose state in which chat it is news of, if nothing else (XEP-0085); a copy (XEP-0280) is news of what was copied.</summary>
    private static string? StateKey(StanzaView message, string? from, Jid owner)
    {
        if (from == owner.Bare.ToString() && Copied(message) is { } copied)
            return OnlyState(copied) ? $"state {copied.Attribute("from"u8)} {copied.Attribute("to"u8)}" : null;
        return OnlyState(message) ? $"state {from}" : null;
    }

    private static bool OnlyState(StanzaView message)
    {
        if (MessageTypes.Of(message) == MessageType.Error || MessageContent.IsMoreThanAState(message))
            return false;
        for (var i = 0; i < message.ChildCount; i++)
        {
            if (message.Child(i).Namespace.SequenceEqual("http://jabber.org/protocol/chatstates"u8))
                return true;
        }
        return false;
    }

    private static StanzaView? Copied(StanzaView message)
    {
        if (message.ChildCount != 1 || !message.Child(0).Namespace.SequenceEqual("urn:xmpp:carbons:2"u8))
            return null;
        // Our own writing: <received/> or <sent/>, <forwarded/>, the message, each of which declares its namespace.
        var view = message;
        for (var depth = 0; depth < 3; depth++)
        {
            if (view.ChildCount == 0 || Read(view.Bytes[view.Child(0).Start..view.Child(0).End]) is not { } inner)
                return null;
            view = inner;
        }
        return view;
    }

    /// <summary>A view that holds until the thread's next; null for what is no element.</summary>
    private static StanzaView? Read(ReadOnlyMemory<byte> bytes)
    {
        // Not one of the pool's: what comes from the server itself may be larger than what clients may send.
        var framer = t_framer ??= new StanzaFramer(FramerLimits.None);
        framer.Begin(StreamScope.Client);
        return framer.Read(bytes, out _) == FrameKind.Stanza ? framer.Stanza : null;
    }
}
