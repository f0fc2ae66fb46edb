using System.Globalization;
using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Modules;

namespace Xmpp.Modules.Rooms;

/// <summary>Commands (XEP-0050) on a host, for its administrators: what <c>xmppctl room</c> does, from any client.</summary>
internal sealed class RoomAdHocCommands(RoomAdministration rooms)
{
    public const string Ns = "urn:xmppchat:rooms";

    /// <summary>Rooms that are shown at once.</summary>
    private const int MaxListed = 1000;

    public void Register(IModuleBuilder builder)
    {
        Add("list", "List Rooms", (request, cancellationToken) => ListAsync(request, cancellationToken));
        Ask("show", "Show a Room", [Room()], async (_, form, cancellationToken) =>
            await rooms.ShowAsync(RoomOf(form), cancellationToken) is { } details
                ? CommandStep.Done(Describe(details))
                : CommandStep.Refuse($"There is no room {RoomOf(form)}."));
        Ask("create", "Create a Room", [Room(), new("owner", FormFieldType.JidSingle) { Label = "Owner" }, Values()],
            (_, form, cancellationToken) => EndAsync(
                rooms.CreateAsync(RoomOf(form), OptionalJid(form, "owner")?.Bare, ValuesOf(form), cancellationToken),
                $"Made {RoomOf(form)}."));
        Ask("config", "Configure a Room", [Room(), Values()], (_, form, cancellationToken) => EndAsync(
            rooms.ConfigureAsync(RoomOf(form), ValuesOf(form), cancellationToken), $"Changed the configuration of {RoomOf(form)}."));
        Ask("destroy", "Destroy a Room",
            [Room(), new("venue", FormFieldType.JidSingle) { Label = "Room where the talk goes on" }, Reason()],
            (_, form, cancellationToken) => EndAsync(
                rooms.DestroyAsync(RoomOf(form), OptionalJid(form, "venue"), form.Value("reason"), cancellationToken),
                $"Destroyed {RoomOf(form)}."));
        Ask("affiliation", "Change an Affiliation with a Room",
            [
                Room(), new("jid", FormFieldType.JidSingle) { Label = "Address of somebody, or a domain", IsRequired = true },
                FormField.List("affiliation", "Affiliation", "member",
                    new("owner"), new("admin"), new("member"), new("none"), new("outcast")), Reason(),
            ],
            (_, form, cancellationToken) => EndAsync(
                rooms.SetAffiliationAsync(
                    RoomOf(form), OptionalJid(form, "jid")!.Bare, form.Value("affiliation") ?? "", form.Value("reason"), cancellationToken),
                "Changed the affiliation."));
        Ask("kick", "Remove an Occupant from a Room", [Room(), FormField.Text("nick", "Nick", "") with { IsRequired = true }, Reason()],
            (_, form, cancellationToken) => EndAsync(
                rooms.KickAsync(RoomOf(form), form.Value("nick") ?? "", form.Value("reason"), cancellationToken), "Removed the occupant."));
        Ask("purge", "Remove what was said in a Room",
            [Room(), FormField.Text("keep", "So many of the newest messages stay", "0")], PurgeAsync);

        void Ask(string name, string title, IReadOnlyList<FormField> fields, CommandFormHandler submitted) => Add(
            name, title, (_, _) => new(CommandStep.Ask(DataForm.Of(DataFormType.Form, Ns, [.. fields]) with { Title = title }, submitted)));

        void Add(string name, string title, CommandHandler execute) => builder.Command(
            new AdHocCommand($"{Ns}#{name}", title, IqTarget.Server, CommandAccess.Administrators, execute));
    }

    private async ValueTask<CommandStep> ListAsync(CommandRequest request, CancellationToken cancellationToken)
    {
        var found = await rooms.ListAsync(request.Host, cancellationToken).Take(MaxListed + 1).ToListAsync(cancellationToken);
        var form = Result(new FormField("rooms", FormFieldType.JidMulti, [.. found.Take(MaxListed).Select(room => room.Room.ToString())])
        {
            Label = "Rooms",
        });
        return found.Count <= MaxListed
            ? CommandStep.Done(form)
            : CommandStep.Done(
                [form.ToElement()], new CommandNote(CommandNoteType.Warn, $"There are more than {MaxListed}: these are the first."));
    }

    private async ValueTask<CommandStep> PurgeAsync(CommandRequest request, DataForm form, CancellationToken cancellationToken)
    {
        if (!int.TryParse(form.Value("keep") ?? "0", NumberStyles.None, CultureInfo.InvariantCulture, out var keep))
            return CommandStep.Refuse("A number of messages was expected.");
        var (removed, problem) = await rooms.PurgeAsync(RoomOf(form), before: null, keep, cancellationToken);
        return problem is null ? CommandStep.Done($"Removed {removed} messages.") : CommandStep.Refuse(problem);
    }

    private static async ValueTask<CommandStep> EndAsync(ValueTask<string?> task, string done) =>
        await task is { } problem ? CommandStep.Refuse(problem) : CommandStep.Done(done);

    private static DataForm Describe(RoomDetails room) => Result(
        FormField.Text("room", "Room", room.Room.ToString()),
        FormField.Text("created", "Created", XmppDateTime.Format(room.Created)),
        FormField.Text("subject", "Subject", room.Subject ?? ""),
        FormField.Text("messages", "Messages", room.Messages.ToString(CultureInfo.InvariantCulture)),
        Lines("configuration", "Configuration", room.Configuration),
        Lines("affiliations", "Affiliations", room.People.Select(person => $"{person.Affiliation} {person.Jid}")),
        Lines("occupants", "Occupants", room.Occupants.Select(occupant => $"{occupant.Nick}: {string.Join(", ", occupant.Jids)}")));

    private static DataForm Result(params IReadOnlyList<FormField> fields) => DataForm.Of(DataFormType.Result, Ns, fields);

    private static FormField Lines(string var, string label, IEnumerable<string> lines) =>
        new(var, FormFieldType.TextMulti, [.. lines]) { Label = label };

    private static FormField Room() => new("room", FormFieldType.JidSingle) { Label = "Room", IsRequired = true };

    private static FormField Reason() => FormField.Text("reason", "Reason", "");

    private static FormField Values() =>
        new("values", FormFieldType.TextMulti) { Label = "Configuration: a line for each field that is different, such as membersonly=1" };

    private static IReadOnlyList<string> ValuesOf(DataForm form) =>
        [.. form.Field("values")?.Values.Where(value => value.Length > 0) ?? []];

    // The form was checked: it is there, and an address.
    private static Jid RoomOf(DataForm form) => OptionalJid(form, "room")!;

    private static Jid? OptionalJid(DataForm form, string var) => Jid.TryParse(form.Value(var) ?? "", out var jid) ? jid : null;
}
