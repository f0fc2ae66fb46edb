using Xmpp.Core.Storage;

namespace Xmpp.Modules.Invitations;

/// <summary>Invitations as URIs (RFC 5122, XEP-0147).</summary>
public static class InvitationUri
{
    private const string Scheme = "xmpp:";

    /// <summary>
    /// To become a contact, with <c>ibr=y</c> when an account may be made (XEP-0379 §3.2, XEP-0401 §5.1); without a contact, or for a
    /// name that is reserved, to register (XEP-0445 §2).
    /// </summary>
    public static string Of(Invitation invitation) =>
        invitation is { Inviter: { } inviter, Username: null } && inviter.Domain == invitation.Host
        ? $"{Scheme}{Address(inviter.Local, inviter.Domain)}?roster;preauth={invitation.Token}{(invitation.AllowsAccount ? ";ibr=y" : "")}"
        : Registration(invitation);

    /// <summary>To register, whatever else it is for (XEP-0401 §5.4).</summary>
    public static string Registration(Invitation invitation) =>
        $"{Scheme}{Address(invitation.Username, invitation.Host)}?register;preauth={invitation.Token}";

    /// <summary>The page that explains an invitation, or null.</summary>
    public static string? Page(string uri, InvitationOptions options) =>
        options.LandingPage is { } page ? page + uri[Scheme.Length..] : null;

    /// <summary>RFC 5122 §2.2: percent-encoded but for the brackets of an IPv6 address.</summary>
    private static string Address(string? local, string domain)
    {
        var host = domain.StartsWith('[') ? domain : Uri.EscapeDataString(domain);
        return local is null ? host : $"{Uri.EscapeDataString(local)}@{host}";
    }
}
