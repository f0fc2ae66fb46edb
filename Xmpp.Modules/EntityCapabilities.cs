using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using Xmpp.Core.Extensions;
using Xmpp.Core.Modules;
using Xmpp.Core.Streams;
using Xmpp.Core.Xml;

namespace Xmpp.Modules;

/// <summary>
/// XEP-0115 Entity Capabilities, the server's own: its hash is in the stream features (§6.3), so that a client that knows
/// this server doesn't ask what it can do.
/// </summary>
[Xep(115, "1.6.0")]
public sealed class EntityCapabilities(IDiscoRegistry registry) : IXmppModule
{
    private const string Ns = "http://jabber.org/protocol/caps";
    private const string Node = "urn:xmppchat:server";

    // Everyone who logs in is shown the hash; what it is of is the same object until modules come or go.
    private static readonly ConditionalWeakTable<DiscoInfo, string> Hashes = [];

    public void Register(IModuleBuilder builder)
    {
        builder.Feature(IqTarget.Server, Ns);
        builder.StreamFeature(NegotiationPhase.Authenticated, _ => new Element(Ns, "c",
            Element.Attr("hash", "sha-1"),
            Element.Attr("node", Node),
            Element.Attr("ver", Hash(registry.Describe(IqTarget.Server)))));
    }

    /// <summary>The disco#info node that belongs to the hash (§6.2).</summary>
    internal static string NodeOf(DiscoInfo info) => $"{Node}#{Hash(info)}";

    /// <summary>The verification string of §5.1, hashed by SHA-1.</summary>
    internal static string Hash(DiscoInfo info) => Hashes.GetValue(info, Compute);

    private static string Compute(DiscoInfo info)
    {
        var verification = new StringBuilder();
        var identities = info.Identities
            .OrderBy(identity => identity.Category, StringComparer.Ordinal)
            .ThenBy(identity => identity.Type, StringComparer.Ordinal)
            .ThenBy(identity => identity.Language, StringComparer.Ordinal);
        foreach (var (category, type, name, language) in identities)
            verification.AppendJoin('/', category, type, language, name).Append('<');
        foreach (var feature in info.Features.Order(StringComparer.Ordinal))
            verification.Append(feature).Append('<');
        // §5.4, rule 3.6: a form without a type is left out.
        foreach (var form in info.Forms.Where(form => form.FormType is not null).OrderBy(form => form.FormType, StringComparer.Ordinal))
        {
            verification.Append(form.FormType).Append('<');
            var fields = form.Fields.Where(field => field.Var != DataForm.FormTypeVar);
            foreach (var field in fields.OrderBy(field => field.Var, StringComparer.Ordinal))
            {
                verification.Append(field.Var).Append('<');
                foreach (var value in field.Values.Order(StringComparer.Ordinal))
                    verification.Append(value).Append('<');
            }
        }
#pragma warning disable CA5350 // The XEP's default hash; it names, it doesn't protect.
        return Convert.ToBase64String(SHA1.HashData(Encoding.UTF8.GetBytes(verification.ToString())));
#pragma warning restore CA5350
    }
}
