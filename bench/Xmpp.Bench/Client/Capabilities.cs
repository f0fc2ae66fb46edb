using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace Xmpp.Bench.Client;

/// <summary>What all clients of a scenario say that they can do (XEP-0115).</summary>
/// <param name="Announcement">Part of their presence.</param>
/// <param name="Query">What answers the question for it, without the node.</param>
internal sealed record Capabilities(string Announcement, string Query)
{
    public const string Node = "urn:bench";

    [SuppressMessage("Security", "CA5350", Justification = "The specification's own.")]
    public static Capabilities Of(IEnumerable<string> features)
    {
        var all = features.Order(StringComparer.Ordinal).ToList();
        var text = $"client/pc//bench<{string.Concat(all.Select(feature => feature + "<"))}";
        var ver = Convert.ToBase64String(SHA1.HashData(Encoding.UTF8.GetBytes(text)));
        return new(
            $"<c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='{Node}' ver='{ver}'/>",
            $"<query xmlns='http://jabber.org/protocol/disco#info' node='{Node}#{ver}'><identity category='client' type='pc' name='bench'/>"
                + string.Concat(all.Select(feature => $"<feature var='{feature}'/>")) + "</query>");
    }
}
