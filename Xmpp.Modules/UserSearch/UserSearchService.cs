using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;

namespace Xmpp.Modules.UserSearch;

/// <summary>The domain at which a host's users are searched for, with a form or without (XEP-0055 §2, §3).</summary>
internal sealed class UserSearchService(
    UserDirectory directory, UserSearchOptions options, IHostDirectory hosts, TimeProvider time) : IHostService
{
    private const string Ns = "jabber:iq:search";

    private static readonly string[] _fields = ["first", "last", "nick", "email"];
    private static readonly string[] _labels = ["Given name", "Family name", "Nickname", "E-mail"];

    private readonly HourlyQuota<Jid> _quota = new(() => options.SearchesPerHour, time);

    public string Label => options.Label;

    public string Name => options.Name;

    public ValueTask<StanzaError?> MessageAsync(ServiceStanza message, CancellationToken cancellationToken) =>
        new(StanzaError.Of(StanzaErrorCondition.ServiceUnavailable));

    public ValueTask<StanzaError?> PresenceAsync(ServiceStanza presence, CancellationToken cancellationToken) => default;

    public async ValueTask<IqReply> IqAsync(ServiceStanza iq, IqType? request, CancellationToken cancellationToken)
    {
        if (request is not { } type)
            return IqReply.Sent;
        if (iq.To.Local is not null || iq.To.IsFull)
            return IqReply.Failed(StanzaErrorCondition.ServiceUnavailable);
        var payload = iq.Payload;
        return (type, payload.Name.Namespace, payload.Name.Local) switch
        {
            (IqType.Get, Namespaces.DiscoInfo, "query") when payload["node"] is null => IqReply.Result(ServiceDiscovery.InfoElement(
                new(
                    [new DiscoIdentity("directory", "user", Name)],
                    [Namespaces.DiscoInfo, Namespaces.DiscoItems, "urn:xmpp:ping", Ns], []),
                null)),
            (IqType.Get, Namespaces.DiscoItems, "query") => IqReply.Result(ServiceDiscovery.ItemsElement([], payload["node"])),
            (IqType.Get, "urn:xmpp:ping", "ping") => IqReply.Result(),
            (_, Ns, "query") when options.Access == SearchAccess.Accounts && !hosts.IsLocal(iq.From) =>
                IqReply.Failed(StanzaErrorCondition.Forbidden),
            (IqType.Get, Ns, "query") => IqReply.Result(Form()),
            (IqType.Set, Ns, "query") => await SearchAsync(iq, payload, cancellationToken),
            _ => IqReply.Failed(StanzaErrorCondition.ServiceUnavailable),
        };
    }

    private static Element Form() => new(Ns, "query",
        new Element(Ns, "instructions", "Fill in what the names begin with."),
        _fields.Select(field => new Element(Ns, field)),
        DataForm.Of(DataFormType.Form, Ns, [.. _fields.Zip(_labels, (field, label) => FormField.Text(field, label))]).ToElement());

    private async ValueTask<IqReply> SearchAsync(ServiceStanza iq, Element query, CancellationToken cancellationToken)
    {
        var form = DataForm.Parse(query.Child(DataForm.Name));
        if (query.Child(DataForm.Name) is not null && form is not { Type: DataFormType.Submit, FormType: Ns })
            return IqReply.Failed(StanzaErrorCondition.BadRequest);
        var wanted = new UserQuery(ValueOf("first"), ValueOf("last"), ValueOf("nick"), ValueOf("email"));
        if (!wanted.IsEnough)
            return IqReply.Failed(StanzaErrorCondition.NotAcceptable, "Two letters of a name at least are needed.");
        if (!_quota.TryTake(iq.From.Bare))
            return IqReply.Failed(StanzaErrorCondition.ResourceConstraint, "You search too often.");
        var found = await directory.FindAsync(iq.Host, wanted, cancellationToken);
        return IqReply.Result(form is null
            ? new Element(Ns, "query", found.Select(user => new Element(Ns, "item",
                Element.Attr("jid", user.Jid.ToString()), _fields.Zip(ValuesOf(user), (field, value) => new Element(Ns, field, value)))))
            : new Element(Ns, "query", Results(found)));

        string ValueOf(string field) => (form is null ? query.Child(Ns, field)?.Text : form.Value(field))?.Trim() ?? "";
    }

    /// <summary>§3's table.</summary>
    private static Element Results(IReadOnlyList<UserEntry> found) => new(DataForm.Name,
        Element.Attr("type", "result"),
        new FormField(DataForm.FormTypeVar, FormFieldType.Hidden, Ns).ToElement(),
        new Element(Namespaces.DataForms, "reported",
            new FormField("jid", FormFieldType.JidSingle) { Label = "Address" }.ToElement(),
            _fields.Zip(_labels, (field, label) => new FormField(field, FormFieldType.TextSingle) { Label = label }.ToElement())),
        found.Select(user => new Element(Namespaces.DataForms, "item",
            _fields.Zip(ValuesOf(user)).Prepend(("jid", user.Jid.ToString())).Select(pair =>
                new Element(Namespaces.DataForms, "field",
                    Element.Attr("var", pair.Item1), new Element(Namespaces.DataForms, "value", pair.Item2))))));

    private static string[] ValuesOf(UserEntry user) => [user.First, user.Last, user.Nick, user.Email];
}
