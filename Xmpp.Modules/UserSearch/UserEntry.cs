using Xmpp.Core;
using Xmpp.Core.Xml;

namespace Xmpp.Modules.UserSearch;

/// <summary>What of a user can be searched for: fields of the vCard, by the names of XEP-0055 §2.1.</summary>
internal sealed record UserEntry(Jid Jid, string First, string Last, string Nick, string Email)
{
    public static UserEntry Of(Jid jid, Element card)
    {
        var name = card.Child(VCardTemp.Ns, "N");
        var full = TextOf(card.Child(VCardTemp.Ns, "FN"));
        var (first, last) = (TextOf(name?.Child(VCardTemp.Ns, "GIVEN")), TextOf(name?.Child(VCardTemp.Ns, "FAMILY")));
        return new(
            jid, first.Length + last.Length > 0 ? first : full, last, TextOf(card.Child(VCardTemp.Ns, "NICKNAME")),
            TextOf(card.Child(VCardTemp.Ns, "EMAIL")?.Child(VCardTemp.Ns, "USERID")));
    }

    private static string TextOf(Element? element) => element?.Text.Trim() ?? "";
}

/// <summary>What is searched for: beginnings of what is in the fields, whatever the case; empty for any.</summary>
internal sealed record UserQuery(string First, string Last, string Nick, string Email)
{
    /// <summary>Whoever asks for less would get everybody.</summary>
    private const int Least = 2;

    public bool IsEnough => Math.Max(Math.Max(First.Length, Last.Length), Math.Max(Nick.Length, Email.Length)) >= Least;

    public bool Matches(UserEntry user) => Has(user.First, First) && Has(user.Last, Last) && Has(user.Email, Email)
        && (Has(user.Nick, Nick) || Has(user.Jid.Local!, Nick));

    private static bool Has(string text, string wanted) => text.StartsWith(wanted, StringComparison.OrdinalIgnoreCase);
}
