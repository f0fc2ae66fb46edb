using System.Globalization;
using Xmpp.Core.Extensions;
using Xmpp.Core.Xml;

namespace Xmpp.Modules.Clients;

/// <summary>A token as it is kept: not itself, but what it is made of together with the server's secret.</summary>
/// <param name="Mechanism">The only one that it may be used by.</param>
/// <param name="Salt">Random.</param>
/// <param name="Issued">When the client got it.</param>
/// <param name="Expires">When it ends.</param>
/// <param name="Password">See <see cref="PasswordStamp"/>: it ends with the password.</param>
/// <param name="Count">The highest count of an attempt that the client has sent along with it (XEP-0484); 0 for none.</param>
internal sealed record ClientToken(
    string Mechanism, string Salt, DateTimeOffset Issued, DateTimeOffset Expires, string Password, uint Count = 0)
{
    private const string Ns = ClientRecord.Ns;

    public Element ToElement(string name) => new(Ns, name,
        Element.Attr("mechanism", Mechanism),
        Element.Attr("salt", Salt),
        Element.Attr("issued", XmppDateTime.Format(Issued)),
        Element.Attr("expires", XmppDateTime.Format(Expires)),
        Element.Attr("password", Password),
        Element.Attr("count", Count.ToString(CultureInfo.InvariantCulture)));

    public static ClientToken Parse(Element element) => new(
        element["mechanism"]!,
        element["salt"]!,
        ClientRecord.Time(element["issued"]),
        ClientRecord.Time(element["expires"]),
        element["password"]!,
        uint.Parse(element["count"]!, CultureInfo.InvariantCulture));
}
