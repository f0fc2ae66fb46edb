using Xmpp.Core.Xml;

namespace Xmpp.Core.Modules;

/// <summary>The type attribute of messages (RFC 6121 §5.2.2).</summary>
public static class MessageTypes
{
    /// <summary>The type of a message; "normal" where there is none or it is not known.</summary>
    public static MessageType Of(StanzaView message)
    {
        if (!message.TryGetAttribute("type"u8, out var type))
            return MessageType.Normal;
        return message.Bytes.Span[type.RawValue] switch
        {
            var value when value.SequenceEqual("chat"u8) => MessageType.Chat,
            var value when value.SequenceEqual("groupchat"u8) => MessageType.Groupchat,
            var value when value.SequenceEqual("headline"u8) => MessageType.Headline,
            var value when value.SequenceEqual("error"u8) => MessageType.Error,
            _ => MessageType.Normal,
        };
    }

    /// <summary>The type as it is written.</summary>
    public static string NameOf(MessageType type) => type switch
    {
        MessageType.Chat => "chat",
        MessageType.Groupchat => "groupchat",
        MessageType.Headline => "headline",
        MessageType.Error => "error",
        _ => "normal",
    };
}
