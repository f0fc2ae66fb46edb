using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Xml;

namespace Xmpp.Modules.Archive;

/// <summary>The form by which archives are asked (XEP-0313 §3.1).</summary>
internal static class ArchiveForm
{
    public const string FullTextNs = "urn:xmpp:fulltext:0";
    public const string FullText = $"{{{FullTextNs}}}fulltext";

    private const string ValidationNs = "http://jabber.org/protocol/xdata-validate";

    /// <summary>All fields there are (§3.1.5).</summary>
    public static Element Empty { get; } = DataForm.Of(
        DataFormType.Form, MessageArchive.Ns,
        new("with", FormFieldType.JidSingle),
        new("start", FormFieldType.TextSingle),
        new("end", FormFieldType.TextSingle),
        new("before-id", FormFieldType.TextSingle),
        new("after-id", FormFieldType.TextSingle),
        new("include-groupchat", FormFieldType.Boolean),
        new(FullText, FormFieldType.TextSingle)).ToElement().Add(
            new Element(Namespaces.DataForms, "field", Element.Attr("type", "list-multi"), Element.Attr("var", "ids"),
                new Element(ValidationNs, "validate", Element.Attr("datatype", "xs:string"), new Element(ValidationNs, "open"))));
}
