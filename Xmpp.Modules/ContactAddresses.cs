using Xmpp.Core.Extensions;
using Xmpp.Core.Modules;

namespace Xmpp.Modules;

/// <summary>XEP-0157 Contact Addresses for XMPP Services: a form in the server's disco#info.</summary>
[Xep(157, "1.1.1")]
public sealed class ContactAddresses(ContactAddressOptions options) : IXmppModule
{
    public void Register(IModuleBuilder builder)
    {
        (string Name, IReadOnlyList<string> Addresses)[] fields =
        [
            ("abuse-addresses", options.Abuse),
            ("admin-addresses", options.Admin),
            ("feedback-addresses", options.Feedback),
            ("sales-addresses", options.Sales),
            ("security-addresses", options.Security),
            ("status-addresses", options.Status),
            ("support-addresses", options.Support),
        ];
        if (fields.All(field => field.Addresses.Count == 0))
            return;
        builder.Extension(IqTarget.Server, DataForm.Of(DataFormType.Result, "http://jabber.org/network/serverinfo",
            fields.Where(field => field.Addresses.Count > 0).Select(field => new FormField(field.Name, FormFieldType.ListMulti, field.Addresses))));
    }
}
