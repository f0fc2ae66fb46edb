using System.Globalization;
using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;

namespace Xmpp.Modules.Rooms;

/// <content>
/// Hats (XEP-0317): commands (XEP-0050) of the room itself, of one step each. A form that is submitted says all, so nothing is remembered
/// between the two requests.
/// </content>
internal sealed partial class Room
{
    private const string HatForm = "urn:xmpp:hats:commands";
    private const string HatCommands = HatForm + ":";
    private const string TitleVar = "hats#title", UriVar = "hats#uri", HueVar = "hats#hue", WearerVar = "hats#jid";

    /// <summary>The commands, with what they are called for people; those that change something are admins'.</summary>
    private static readonly (string Name, string Title, bool IsForAdmins)[] _hatCommands =
    [
        ("create", "Create or change a hat", true), ("destroy", "Destroy a hat", true), ("list", "List hats", false),
        ("assign", "Give somebody a hat", true), ("unassign", "Take a hat from somebody", true), ("list-assigned", "List who wears hats", false),
    ];

    public static XmlName Command { get; } = new("http://jabber.org/protocol/commands", "command");

    /// <summary>The room's commands for disco#items (XEP-0050 §2.2).</summary>
    private IEnumerable<Element> CommandItems(Jid asker) => _hatCommands
        .Where(command => !command.IsForAdmins || AffiliationOf(asker.Bare) >= Affiliation.Admin)
        .Select(command => new Element(Namespaces.DiscoItems, "item",
            Element.Attr("jid", Jid.ToString()),
            Element.Attr("node", HatCommands + command.Name),
            Element.Attr("name", command.Title)));

    /// <summary>Handles a command.</summary>
    public async ValueTask<IqReply> CommandAsync(ServiceStanza iq, CancellationToken cancellationToken)
    {
        var request = iq.Payload;
        var node = request["node"] ?? "";
        var command = _hatCommands.FirstOrDefault(one => HatCommands + one.Name == node);
        if (command.Name is null)
            return IqReply.Failed(StanzaErrorCondition.ItemNotFound);
        if (command.IsForAdmins && AffiliationOf(iq.From.Bare) < Affiliation.Admin)
            return IqReply.Failed(StanzaErrorCondition.Forbidden);
        if (request["action"] == "cancel")
            return IqReply.Result(CommandElement(request, "canceled"));
        if (command.Name is "list" or "list-assigned")
            return IqReply.Result(CommandElement(request, "completed", HatList(withWearers: command.Name == "list-assigned")));
        var form = HatFormOf(command.Name, command.Title);
        if (DataForm.Parse(request.Child(DataForm.Name)) is not { Type: DataFormType.Submit } submission)
            return IqReply.Result(CommandElement(request, "executing", form));
        if (form.Check(submission) is { } error)
            return IqReply.Failed(error);
        if (Change(command.Name, submission, out var hats) is { } refusal)
            return IqReply.Failed(refusal);
        await SetHatsAsync(hats!, () => Reply(iq, CommandElement(request, "completed")), cancellationToken);
        return IqReply.Sent;
    }

    private StanzaError? Change(string command, DataForm form, out RoomHats? hats)
    {
        var (uri, title, hue) = (form.Value(UriVar)!, form.Value(TitleVar), form.Value(HueVar));
        hats = null;
        if (uri.Length > Options.TextLength || title?.Length > Options.TextLength)
            return StanzaError.Of(StanzaErrorCondition.NotAcceptable, $"A text has at most {Options.TextLength} characters.");
        if (command == "create")
        {
            if (hue is { Length: > 0 } && !(double.TryParse(hue, NumberStyles.Float, CultureInfo.InvariantCulture, out var angle)
                && angle is >= 0 and <= 360))
            {
                return StanzaError.Of(StanzaErrorCondition.NotAcceptable, "A hue is an angle from 0 to 360.");
            }
            hats = Configuration.Hats.With(uri, title!, hue is { Length: > 0 } ? hue : null);
            return hats is null
                ? StanzaError.Of(StanzaErrorCondition.ResourceConstraint, $"A room has at most {RoomHats.MaxHats} hats.")
                : null;
        }
        hats = command switch
        {
            "destroy" => Configuration.Hats.Without(uri),
            "assign" => Configuration.Hats.Assign(uri, form.Jids(WearerVar)[0]),
            _ => Configuration.Hats.Unassign(uri, form.Jids(WearerVar)[0]),
        };
        return hats is null
            ? StanzaError.Of(StanzaErrorCondition.ResourceConstraint, $"At most {RoomHats.MaxWearers} wear a hat.")
            : null;
    }

    /// <summary>Stores them, and shows those who are there with the hats that they wear now (§3.2).</summary>
    private async ValueTask SetHatsAsync(RoomHats hats, Action reply, CancellationToken cancellationToken)
    {
        await ChangeAsync(new RoomChange { Settings = (Configuration with { Hats = hats }).ToSettings() }, cancellationToken);
        _services.Sessions.Together(() =>
        {
            reply();
            foreach (var occupant in _occupants.Values)
            {
                var worn = hats.Of(occupant.Account);
                if (Equals(occupant.Hats, worn))
                    continue;
                occupant.Hats = worn;
                AnnounceNow(occupant, cause: null, id: null);
            }
            SendStatus([RoomStatus.ConfigurationChanged]);
        });
    }

    private DataForm HatFormOf(string command, string title)
    {
        var uri = command == "create"
            ? FormField.Text(UriVar, "Hat URI")
            : FormField.List(UriVar, "Hat", null, [.. Configuration.Hats.All.Select(hat => new FormOption(hat.Uri, hat.Title))]);
        FormField[] further = command switch
        {
            "create" => [FormField.Text(TitleVar, "Hat title") with { IsRequired = true }, FormField.Text(HueVar, "Hat hue")],
            "destroy" => [],
            _ => [new FormField(WearerVar, FormFieldType.JidSingle) { Label = "User", IsRequired = true }],
        };
        return DataForm.Of(DataFormType.Form, HatForm, [.. further, uri with { IsRequired = true }]) with { Title = title };
    }

    private DataForm HatList(bool withWearers)
    {
        string[] columns = withWearers ? [WearerVar, UriVar, TitleVar, HueVar] : [TitleVar, UriVar, HueVar];
        var rows = Configuration.Hats.All.SelectMany(hat => withWearers ? hat.Wearers.Select(wearer => (hat, wearer)) : [(hat, "")]);
        return DataForm.Of(DataFormType.Result, HatForm) with
        {
            Reported = [.. columns.Select(column => new FormField(column, FormFieldType.TextSingle))],
            Items = [.. rows.Select(row => columns.Select(column => new FormField(column, null, column switch
            {
                WearerVar => [row.Item2],
                UriVar => [row.hat.Uri],
                TitleVar => [row.hat.Title],
                _ => row.hat.Hue is { } hue ? [hue] : [],
            })).ToArray())],
        };
    }

    private static Element CommandElement(Element request, string status, DataForm? form = null) => new(Command,
        Element.Attr("node", request["node"]),
        Element.Attr("sessionid", request["sessionid"] ?? Guid.NewGuid().ToString()),
        Element.Attr("status", status),
        status == "executing"
            ? new Element(Command.Namespace, "actions", Element.Attr("execute", "complete"), new Element(Command.Namespace, "complete"))
            : null,
        form?.ToElement());
}
