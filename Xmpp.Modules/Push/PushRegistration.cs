using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Xml;

namespace Xmpp.Modules.Push;

/// <summary>A node of a push service that a client has enabled for its device. Immutable.</summary>
/// <param name="Service">The push service's address.</param>
/// <param name="Node">"" when the client named none.</param>
/// <param name="Resource">The one that the client had then, by which it is known again.</param>
/// <param name="Options">What each publication comes with, such as a password (XEP-0060 §7.1.5); or null.</param>
internal sealed record PushRegistration(Jid Service, string Node, string? Resource, Element? Options)
{
    private static readonly XmlName Stored = new(PushNotifications.Ns, "enable");

    /// <summary>By which it is kept, one for each pair of address and node.</summary>
    public string Key => KeyOf(Service, Node);

    /// <summary>No address has a line feed.</summary>
    public static string KeyOf(Jid service, string node) => $"{service}\n{node}";

    public Element ToElement() => new(Stored,
        Element.Attr("jid", Service.ToString()),
        Element.Attr("node", Node),
        Element.Attr("resource", Resource),
        Options);

    public static PushRegistration Read(Element stored) =>
        new(Jid.Parse(stored["jid"]!), stored["node"] ?? "", stored["resource"], stored.Child(DataForm.Name));
}
