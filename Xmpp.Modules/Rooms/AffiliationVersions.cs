using System.Globalization;
using Xmpp.Core.Modules;
using Xmpp.Core.Xml;

namespace Xmpp.Modules.Rooms;

/// <summary>XEP-0463 MUC Affiliations Versioning: how versions of a room's list are written.</summary>
[Xep(463, "0.2.0")]
internal static class AffiliationVersions
{
    public static XmlName Name { get; } = new("urn:xmpp:muc:affiliations:1", "mav");

    /// <param name="since">From this version; null: from nothing.</param>
    /// <param name="until">To this.</param>
    public static Element Of(long? since, long until) => new(Name,
        Element.Attr("since", since?.ToString(CultureInfo.InvariantCulture)),
        Element.Attr("until", until.ToString(CultureInfo.InvariantCulture)));
}
