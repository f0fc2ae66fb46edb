using System.Collections.Immutable;
using Xmpp.Core;
using Xmpp.Core.Xml;

namespace Xmpp.Modules.Archive;

/// <summary>With whom an account wants its messages to be archived (XEP-0441).</summary>
/// <param name="Default">For everybody who is in neither list; null: as the server likes.</param>
/// <param name="Always">Bare JIDs, with all their resources, and full ones.</param>
/// <param name="Never">The same.</param>
public sealed record ArchivePreferences(ArchiveDefault? Default, ImmutableHashSet<Jid> Always, ImmutableHashSet<Jid> Never)
{
    public static readonly XmlName Name = new("urn:xmpp:mam:2", "prefs");

    /// <summary>Of an account that has said nothing.</summary>
    public static ArchivePreferences None { get; } = new(null, [], []);

    /// <summary>
    /// Whether the lists want a peer's messages: what is listed with a resource counts more, and "never" more than "always".
    /// </summary>
    /// <returns>Null when they don't (§2.2.1).</returns>
    public bool? Find(Jid peer) =>
        Never.IsEmpty && Always.IsEmpty ? null
        : Never.Contains(peer) ? false
        : Always.Contains(peer) ? true
        : Never.Contains(peer.Bare) ? false
        : Always.Contains(peer.Bare) ? true
        : null;

    /// <param name="otherwise">The default when there is none.</param>
    public Element ToElement(ArchiveDefault otherwise) => new(Name,
        Element.Attr("default", NameOf(Default ?? otherwise)), List("always", Always), List("never", Never));

    /// <summary>Null when an element isn't one (§2.1).</summary>
    public static ArchivePreferences? Parse(Element element)
    {
        ArchiveDefault? mode = element["default"] switch
        {
            "always" => ArchiveDefault.Always,
            "never" => ArchiveDefault.Never,
            "roster" => ArchiveDefault.Roster,
            _ => null,
        };
        return mode is not null && Jids(element, "always") is { } always && Jids(element, "never") is { } never
            ? new(mode, always, never)
            : null;
    }

    private static string NameOf(ArchiveDefault mode) => mode switch
    {
        ArchiveDefault.Always => "always",
        ArchiveDefault.Never => "never",
        _ => "roster",
    };

    private static Element List(string name, ImmutableHashSet<Jid> jids) => new(Name.Namespace, name,
        jids.Select(jid => jid.ToString()).Order(StringComparer.Ordinal).Select(jid => new Element(Name.Namespace, "jid", jid)));

    /// <summary>Null when one of them is no address.</summary>
    private static ImmutableHashSet<Jid>? Jids(Element preferences, string name)
    {
        var jids = ImmutableHashSet.CreateBuilder<Jid>();
        foreach (var item in preferences.Child(Name.Namespace, name)?.Elements ?? [])
        {
            if (item.Name.Local != "jid" || !Jid.TryParse(item.Text.Trim(), out var jid))
                return null;
            jids.Add(jid);
        }
        return jids.ToImmutable();
    }
}
