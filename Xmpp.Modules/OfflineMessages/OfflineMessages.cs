using System.Buffers;
using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;

namespace Xmpp.Modules;

/// <summary>
/// XEP-0160: messages that nobody could take wait for the next resource that can, with a note of the delay (XEP-0203), until
/// its client has shown that it has them.
/// </summary>
[Xep(160, "1.0.1")]
public sealed class OfflineMessages(
    OfflineMessageOptions options, OfflineDelivery delivery, IOfflineStore store, TimeProvider time) : IXmppModule
{
    public void Register(IModuleBuilder builder)
    {
        builder.Feature(IqTarget.Server, "msgoffline");
        builder.Message(MessageStage.Stamp, (message, _) =>
        {
            if (message.IsForAccount)
                DropForgedDelays(message);
            return new(Verdict.Continue);
        });
        builder.Message(MessageStage.Undelivered, KeepAsync);
        builder.BecomingAvailable(delivery.DeliverAsync);
        // What was on its way to it when the server ended is still here, and may be more than it was sent.
        builder.SessionRestored(session =>
            session.Presence is { TakesMessages: true } ? delivery.DeliverAsync(session, static () => default) : default);
    }

    /// <summary>XEP-0203 §6: nobody else says that this server delayed a message.</summary>
    private static void DropForgedDelays(MessageContext message)
    {
        var stanza = message.Stanza;
        for (var i = 0; i < stanza.ChildCount; i++)
        {
            var child = stanza.Child(i);
            if (child.LocalName.SequenceEqual("delay"u8) && child.Namespace.SequenceEqual("urn:xmpp:delay"u8)
                && stanza.ChildJid(i, "from"u8) == message.Account.Host)
            {
                message.Drop(i);
            }
        }
    }

    private async ValueTask<Verdict> KeepAsync(MessageContext message, CancellationToken cancellationToken)
    {
        if (!IsKept(message.Stanza, message.Type))
            return message.TryDeliver(toWhoIsCatchingUp: true) ? Verdict.Stop : Verdict.Continue;

        using var _ = await delivery.EnterAsync(message.Account);
        // Somebody may have come meanwhile; from here on nobody does until the message is kept, and then it is found.
        if (message.TryDeliver(toWhoIsCatchingUp: false))
            return Verdict.Stop;
        var now = time.GetUtcNow();
        var outcome = await store.AddAsync(message.Account, now, WithDelay(message, now), options.Messages, cancellationToken);
        // What is in the recipient's archive is not lost.
        if (outcome == OfflineOutcome.Full && message.StanzaId is null && !message.TryDeliver(toWhoIsCatchingUp: true))
            message.Error = StanzaError.Of(StanzaErrorCondition.ServiceUnavailable, "Too many messages are waiting for the recipient.");
        // For an account that doesn't exist as well: who sends it sees no difference (RFC 6121 §8.5.1, §11).
        return Verdict.Stop;
    }

    /// <summary>XEP-0160 §3: what a person wrote or its sender wants to be kept (XEP-0334), but not what means nothing later.</summary>
    internal static bool IsKept(StanzaView message, MessageType type)
    {
        if (type is not (MessageType.Normal or MessageType.Chat))
            return false;
        var hints = MessageContent.HintsOf(message, type);
        return !hints.HasFlag(MessageHints.NoStore)
            && (hints.HasFlag(MessageHints.Store) || MessageContent.IsMoreThanAState(message));
    }

    private static ReadOnlyMemory<byte> WithDelay(MessageContext message, DateTimeOffset now)
    {
        var output = new ArrayBufferWriter<byte>(512);
        if (!message.IsDelayed)
        {
            XmlStreamWriter.Write(output, new Delay(now, message.Account.Host, "Offline Storage").ToElement(), Namespaces.Client);
            message.Append(output.WrittenSpan);
            output.ResetWrittenCount();
        }
        message.Write(output);
        return output.WrittenMemory;
    }
}
