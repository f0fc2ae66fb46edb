using System.Buffers;
using Xmpp.Core.Extensions;
using Xmpp.Core.Modules;
using Xmpp.Core.Xml;

namespace Xmpp.Modules;

/// <summary>
/// XEP-0359: accounts give ids to the messages that they receive and that an archive would keep, and remove what only looks like
/// an id of theirs (§4, rule 2).
/// </summary>
public sealed class StanzaIds(TimeProvider time) : IXmppModule
{
    [ThreadStatic] private static ArrayBufferWriter<byte>? t_element;

    public void Register(IModuleBuilder builder)
    {
        builder.Feature(IqTarget.OwnAccount, StanzaId.Ns);
        builder.Message(MessageStage.Stamp, (message, _) =>
        {
            if (message.IsForAccount)
                Stamp(message);
            return new(Verdict.Continue);
        });
    }

    private void Stamp(MessageContext message)
    {
        DropForged(message);
        if (!IsArchived(message))
            return;
        var id = SortableId.New(time.GetUtcNow());
        message.StanzaId = id;

        var element = t_element ??= new(256);
        element.ResetWrittenCount();
        element.Write("<stanza-id xmlns='urn:xmpp:sid:0' id='"u8);
        id.Write(element.GetSpan(SortableId.Length));
        element.Advance(SortableId.Length);
        element.Write("' by='"u8);
        XmlStreamWriter.WriteEscaped(element, message.Account);
        element.Write("'/>"u8);
        message.Append(element.WrittenSpan);
    }

    private static void DropForged(MessageContext message)
    {
        var stanza = message.Stanza;
        for (var i = 0; i < stanza.ChildCount; i++)
        {
            var child = stanza.Child(i);
            if (child.LocalName.SequenceEqual("stanza-id"u8) && child.Namespace.SequenceEqual("urn:xmpp:sid:0"u8)
                && stanza.ChildJid(i, "by"u8) == message.Account)
            {
                message.Drop(i);
            }
        }
    }

    /// <summary>XEP-0313 §5.1.1: what people wrote to each other, and what its sender wants to be kept (XEP-0334).</summary>
    private static bool IsArchived(MessageContext message)
    {
        if (message.Type is not (MessageType.Normal or MessageType.Chat))
            return false;
        var hints = MessageContent.HintsOf(message.Stanza, message.Type);
        return (hints & (MessageHints.NoStore | MessageHints.NoPermanentStore)) == 0
            && (MessageContent.HasBody(message.Stanza) || hints.HasFlag(MessageHints.Store));
    }
}
