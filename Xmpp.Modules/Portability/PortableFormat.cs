using Xmpp.Core;
using Xmpp.Core.Xml;
using Xmpp.Modules.Archive;

namespace Xmpp.Modules.Portability;

/// <summary>The names of XEP-0227, and of what it has no words for.</summary>
internal static class PortableFormat
{
    public const string Ns = "urn:xmpp:pie:0";
    public const string ArchiveNs = "urn:xmpp:pie:0#mam";
    public const string ScramNs = "urn:xmpp:pie:0#scram";
    public const string PrivacyNs = "jabber:iq:privacy";
    public const string IncludeNs = "http://www.w3.org/2001/XInclude";

    /// <summary>Ours: what else there is of an account, as an extension that others may ignore (§3).</summary>
    public const string AccountNs = "urn:xmppchat:account:0";

    public static XmlName ServerData { get; } = new(Ns, "server-data");

    public static XmlName Host { get; } = new(Ns, "host");

    public static XmlName User { get; } = new(Ns, "user");

    public static XmlName OfflineMessages { get; } = new(Ns, "offline-messages");

    public static XmlName Archive { get; } = new(ArchiveNs, "archive");

    /// <summary>A message of an archive (XEP-0313 §3.2).</summary>
    public static XmlName Archived { get; } = new(MessageArchive.Ns, "result");

    public static XmlName Include { get; } = new(IncludeNs, "include");

    public static XmlName Scram { get; } = new(ScramNs, "scram-credentials");

    public static XmlName Privacy { get; } = new(PrivacyNs, "query");

    public static XmlName PrivacyItem { get; } = new(PrivacyNs, "item");

    public static XmlName Blocklist { get; } = new("urn:xmpp:blocking", "blocklist");

    public static XmlName Presence { get; } = new(Namespaces.Client, "presence");

    public static XmlName Message { get; } = new(Namespaces.Client, "message");

    /// <summary>A stanza's name. Some exporters forget its namespace, so that it has that of the document.</summary>
    public static XmlName NameOfStanza(XmlName name) => name.Namespace == Ns ? new(Namespaces.Client, name.Local) : name;

    /// <summary>A stanza in its namespace, with all that it contains.</summary>
    public static Element AsStanza(Element element) => element.Name.Namespace != Ns
        ? element
        : new Element(
            NameOfStanza(element.Name),
            element.Attributes.Select(attribute => (object?)attribute),
            element.Nodes.Select(node => node is Element child ? AsStanza(child) : node));

    public static XmlName Account { get; } = new(AccountNs, "account");

    public static XmlName LastSeen { get; } = new(AccountNs, "last-seen");
}
