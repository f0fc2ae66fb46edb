using System.Security.Cryptography;
using System.Text;
using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Modules;
using Xmpp.Core.Xml;

namespace Xmpp.Modules;

/// <summary>The verification string of entity capabilities: made (XEP-0115 §5.1), and checked (§5.4).</summary>
internal static class CapabilitiesHash
{
    /// <summary>What an honest client says of itself is far less.</summary>
    private const int MaxFeatures = 500;

    /// <summary>Of the whole answer: it is remembered.</summary>
    private const int MaxCharacters = 32_768;

    // §5.1: sorted by i;octet (RFC 4790 §9.3).
    private static readonly Comparer<string?> Octets = Comparer<string?>.Create(
        (left, right) => Encoding.UTF8.GetBytes(left ?? "").AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(right ?? "")));

    /// <param name="algorithm">By its name in the IANA registry, such as "sha-1".</param>
    public static bool IsSupported(string algorithm) => algorithm is "sha-1" or "sha-256" or "sha-384" or "sha-512";

    /// <summary>The hash in base64.</summary>
    /// <param name="algorithm">One that is supported.</param>
    public static string Compute(DiscoInfo info, string algorithm)
    {
        var octets = Encoding.UTF8.GetBytes(VerificationString(info));
#pragma warning disable CA5350 // The XEP's default hash.
        return Convert.ToBase64String(algorithm switch
        {
            "sha-256" => SHA256.HashData(octets),
            "sha-384" => SHA384.HashData(octets),
            "sha-512" => SHA512.HashData(octets),
            _ => SHA1.HashData(octets),
        });
#pragma warning restore CA5350
    }

    /// <summary>
    /// Reads the query of a disco#info answer; null when it is ill-formed (§5.4, rules 3.3-3.5), too large, or has the marks that the
    /// verification string puts between its parts inside of one: then it could have the hash of another answer.
    /// </summary>
    public static DiscoInfo? Parse(Element? query)
    {
        if (query is null || query.ToString().Length > MaxCharacters)
            return null;
        var identities = query.Elements.Where(child => child.Name == new XmlName(Namespaces.DiscoInfo, "identity"))
            .Select(child => new DiscoIdentity(
                child["category"] ?? "", child["type"] ?? "", child["name"], child.Attribute(new XmlName(Namespaces.Xml, "lang"))))
            .ToList();
        var features = query.Elements.Where(child => child.Name == new XmlName(Namespaces.DiscoInfo, "feature"))
            .Select(child => child["var"] ?? "")
            .ToList();
        var elements = query.Elements.Where(child => child.Name == DataForm.Name).ToList();
        var forms = elements.Select(DataForm.Parse).OfType<DataForm>().ToList();
        var types = forms.Select(form => form.FormType).OfType<string>().ToList();
        // XEP-0030 §3.1 asks for an identity; without, a feature could stand for it.
        return features.Count > MaxFeatures || identities.Count == 0
            || identities.Exists(IsAmbiguous) || features.Exists(IsAmbiguous) || forms.Exists(IsAmbiguous)
            || HasDuplicates(identities) || HasDuplicates(features) || HasDuplicates(types)
            || forms.Count < elements.Count
            || forms.Any(form => form.Values(DataForm.FormTypeVar).Distinct().Count() > 1)
            ? null
            : new(identities, features, forms);
    }

    private static bool IsAmbiguous(string? part) => part is not null && part.Contains('<');

    private static bool IsAmbiguous(DiscoIdentity identity) =>
        IsAmbiguous(identity.Name) || $"{identity.Category}{identity.Type}{identity.Language}".AsSpan().ContainsAny('<', '/');

    private static bool IsAmbiguous(DataForm form) =>
        form.Fields.Any(field => IsAmbiguous(field.Var) || field.Values.Any(IsAmbiguous));

    private static bool HasDuplicates<T>(List<T> items) => items.Distinct().Count() < items.Count;

    private static string VerificationString(DiscoInfo info)
    {
        var verification = new StringBuilder();
        var identities = info.Identities
            .OrderBy(identity => identity.Category, Octets)
            .ThenBy(identity => identity.Type, Octets)
            .ThenBy(identity => identity.Language, Octets);
        foreach (var (category, type, name, language) in identities)
            verification.AppendJoin('/', category, type, language, name).Append('<');
        foreach (var feature in info.Features.Order(Octets))
            verification.Append(feature).Append('<');
        // §5.4, rule 3.6: a form without a type is left out.
        foreach (var form in info.Forms.Where(form => form.FormType is not null).OrderBy(form => form.FormType, Octets))
        {
            verification.Append(form.FormType).Append('<');
            var fields = form.Fields.Where(field => field.Var != DataForm.FormTypeVar);
            foreach (var field in fields.OrderBy(field => field.Var, Octets))
            {
                verification.Append(field.Var).Append('<');
                foreach (var value in field.Values.Order(Octets))
                    verification.Append(value).Append('<');
            }
        }
        return verification.ToString();
    }
}
