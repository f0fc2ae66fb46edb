using System.Globalization;
using Xmpp.Core.Extensions;
using Xmpp.Core.Modules;
using Xmpp.Core.Xml;

namespace Xmpp.Modules.Push;

/// <summary>What push services are sent, and which messages are worth it.</summary>
internal static class PushPayload
{
    private const string PubSub = "http://jabber.org/protocol/pubsub";

    /// <summary>Whether a message is one that a person wants to be told of: something to read, a call, an invitation.</summary>
    public static bool IsWorthWaking(StanzaView message, MessageType type)
    {
        if (type is MessageType.Error or MessageType.Headline)
            return false;
        for (var i = 0; i < message.ChildCount; i++)
        {
            var child = message.Child(i);
            var ns = child.Namespace;
            var name = child.LocalName;
            if ((name.SequenceEqual("body"u8) && ns.SequenceEqual("jabber:client"u8))
                || name.SequenceEqual("encrypted"u8) // OMEMO, in whichever version
                || (name.SequenceEqual("encryption"u8) && ns.SequenceEqual("urn:xmpp:eme:0"u8)) // XEP-0380
                || (name.SequenceEqual("propose"u8) && ns.StartsWith("urn:xmpp:jingle-message:"u8)) // XEP-0353
                || ns.SequenceEqual("urn:xmpp:mmn:0"u8) // XEP-0452
                || ns.SequenceEqual("urn:xmpp:forward:0"u8) // XEP-0297: what was said in a room
                || ns.SequenceEqual("jabber:x:conference"u8)) // XEP-0249
            {
                return true;
            }
        }
        return false;
    }

    /// <summary>A publication (XEP-0357 §7).</summary>
    public static Element Of(PushRegistration registration, PushSummary summary) => new(PubSub, "pubsub",
        new Element(PubSub, "publish",
            registration.Node.Length == 0 ? null : Element.Attr("node", registration.Node),
            new Element(PubSub, "item", new Element(PushNotifications.Ns, "notification", SummaryOf(summary).ToElement()))),
        registration.Options is null ? null : new Element(PubSub, "publish-options", registration.Options));

    private static DataForm SummaryOf(PushSummary summary)
    {
        var fields = new List<FormField>
        {
            FormField.Text("message-count", null, summary.Messages.ToString(CultureInfo.InvariantCulture)),
        };
        if (summary.Sender is { } sender)
            fields.Add(new("last-message-sender", FormFieldType.JidSingle, sender));
        if (summary.Body is { } body)
            fields.Add(FormField.Text("last-message-body", null, body));
        return DataForm.Of(DataFormType.Submit, "urn:xmpp:push:summary", fields);
    }
}

/// <summary>What a notification says.</summary>
/// <param name="Messages">How many messages the device doesn't have.</param>
/// <param name="Sender">Null when push services are not to know it.</param>
/// <param name="Body">The same.</param>
internal readonly record struct PushSummary(int Messages, string? Sender, string? Body);
