using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;

namespace Xmpp.Modules.Rooms;

/// <content>What owners do: configure the room (XEP-0045 §10.1, §10.2) and destroy it (§10.9).</content>
internal sealed partial class Room
{
    private const string AdminsVar = "muc#roomconfig_roomadmins";
    private const int MaxArchiveDays = 36_500;
    private const string OwnersVar = "muc#roomconfig_roomowners";

    /// <summary>Handles a request of type "get" with <see cref="Muc.OwnerQuery"/>: the form.</summary>
    public IqReply GetForm(ServiceStanza iq)
    {
        if (AffiliationOf(iq.From.Bare) != Affiliation.Owner)
            return IqReply.Failed(StanzaErrorCondition.Forbidden);
        var form = Configuration.ToForm(
            [ListField(AdminsVar, "Room admins", Affiliation.Admin), ListField(OwnersVar, "Room owners", Affiliation.Owner)]);
        return IqReply.Result(new Element(Muc.OwnerQuery, (form with { Title = $"Configuration of {Jid}" }).ToElement()));
    }

    /// <summary>Handles a request of type "set" with <see cref="Muc.OwnerQuery"/>.</summary>
    public async ValueTask<IqReply> HandleOwnerAsync(ServiceStanza iq, CancellationToken cancellationToken)
    {
        if (AffiliationOf(iq.From.Bare) != Affiliation.Owner)
            return IqReply.Failed(StanzaErrorCondition.Forbidden);
        if (iq.Payload.Child(Muc.Owner, "destroy") is { } destroy)
            return await DestroyAsync(iq, destroy, cancellationToken);
        return DataForm.Parse(iq.Payload.Child(DataForm.Name)) switch
        {
            { Type: DataFormType.Cancel } => await CancelAsync(iq, cancellationToken),
            { Type: DataFormType.Submit } form when form.Fields.Count == 0 || form.FormType is null or RoomConfiguration.FormType =>
                await ConfigureAsync(iq, form, cancellationToken),
            _ => IqReply.Failed(StanzaErrorCondition.BadRequest, "A form or the end of the room is needed."),
        };
    }

    private async ValueTask<IqReply> ConfigureAsync(ServiceStanza iq, DataForm form, CancellationToken cancellationToken)
    {
        if (Configuration.With(form, out var problem) is not { } configuration)
            return IqReply.Failed(StanzaErrorCondition.NotAcceptable, $"\"{problem}\" has a value that it can't have.");
        if (Check(configuration) is { } unacceptable)
            return IqReply.Failed(StanzaErrorCondition.NotAcceptable, unacceptable);
        var actor = ActorOf(iq.From);
        if (ReadLists(form, out var changes) is { } error)
            return IqReply.Failed(error);
        if (CheckWhole(changes) is { } whole)
            return IqReply.Failed(whole);

        var settings = configuration == Configuration ? null : configuration.ToSettings();
        if (IsLocked)
            await UnlockAsync(configuration, changes, cancellationToken);
        await ApplyAsync(settings, changes, [], actor.Nick, () => Reply(iq), cancellationToken);
        return IqReply.Sent;
    }

    /// <summary>The room begins to exist for others (§10.1.2), as it is to be.</summary>
    private async ValueTask UnlockAsync(
        RoomConfiguration configuration, IReadOnlyList<AffiliationChange> changes, CancellationToken cancellationToken)
    {
        var members = _members.Values.ToDictionary(member => member.Jid);
        foreach (var change in changes)
            members[change.Member.Jid] = change.Member;
        var room = new StoredRoom(
            Jid, Created, configuration.ToSettings(), Subject, [.. members.Values.Where(member => member.Affiliation != Affiliation.None)]);
        if (!await _services.Store.AddAsync(room, cancellationToken))
            throw new StoreException(StanzaErrorCondition.Conflict, $"There is a room {Jid} already.");
        IsLocked = false;
    }

    /// <summary>§10.1.3: the first time there is no room then; §10.2: else all stays.</summary>
    private async ValueTask<IqReply> CancelAsync(ServiceStanza iq, CancellationToken cancellationToken)
    {
        if (!IsLocked)
            return IqReply.Result();
        await EndAsync(new(null, null, null), () => Reply(iq), cancellationToken);
        return IqReply.Sent;
    }

    private async ValueTask<IqReply> DestroyAsync(ServiceStanza iq, Element destroy, CancellationToken cancellationToken)
    {
        Jid? venue = null;
        if (destroy["jid"] is { Length: > 0 } address && !Jid.TryParse(address, out venue))
            return IqReply.Failed(StanzaErrorCondition.JidMalformed);
        var destruction = new Destruction(
            venue, destroy.Child(Muc.Owner, "password")?.Text, destroy.Child(Muc.Owner, "reason")?.Text);
        await EndAsync(destruction, () => Reply(iq), cancellationToken);
        return IqReply.Sent;
    }

    /// <summary>Destroys the room: everybody is told where the talk goes on, if anywhere.</summary>
    /// <param name="told">Called when they are.</param>
    public async ValueTask EndAsync(Destruction destruction, Action told, CancellationToken cancellationToken)
    {
        if (!IsLocked)
            await _services.Store.RemoveAsync(Jid, cancellationToken);
        Forget();
        _services.Sessions.Together(() =>
        {
            foreach (var session in _recipients.ToArray())
            {
                Remove(session);
                Send(session, DestroyedPresence(session, destruction));
            }
            told();
        });
        _occupants.Clear();
    }

    private static BroadcastStanza DestroyedPresence(OccupantSession session, Destruction destruction) => BroadcastStanza.Of(
        new Element(Namespaces.Client, "presence",
            Element.Attr("type", "unavailable"),
            Element.Attr("from", session.Occupant.Address.ToString()),
            session.Occupant.Item.Marks,
            RoomStanzas.UserInfo(
                new object[] { new PresenceItem(Affiliation.None, Role.None).ToElement(), destruction.ToElement() }, RoomStatus.Self)));

    /// <summary>What the service doesn't allow (§10.1.3); or null.</summary>
    private string? Check(RoomConfiguration configuration) => configuration switch
    {
        { IsPasswordProtected: true, Password: "" } => "A room that needs a password has one.",
        { MaxOccupants: { } max } when max > Options.MaxOccupants => $"At most {Options.MaxOccupants} occupants can be in a room.",
        { HistoryLength: var history } when history > Options.MaxHistory => $"At most {Options.MaxHistory} messages are kept.",
        { ArchiveDays: > MaxArchiveDays } => $"Messages stay {MaxArchiveDays} days at most.",
        _ when new[] { configuration.Name, configuration.Description, configuration.Password, configuration.PubSub, configuration.Language }
            .Any(text => text?.Length > Options.TextLength) => $"A text has at most {Options.TextLength} characters.",
        _ => null,
    };

    private FormField ListField(string var, string label, Affiliation affiliation) => new(var, FormFieldType.JidMulti,
    [
        .. _members.Values.Where(member => member.Affiliation == affiliation)
            .Select(member => member.Jid.ToString()).Order(StringComparer.Ordinal),
    ])
    {
        Label = label,
    };

    /// <summary>The changes that make the lists of admins and owners those of a form (§10.5: the full lists); else they stay.</summary>
    private StanzaError? ReadLists(DataForm form, out List<AffiliationChange> changes)
    {
        changes = [];
        var wanted = new Dictionary<Jid, Affiliation>();
        foreach (var (var, affiliation) in ((string, Affiliation)[])[(AdminsVar, Affiliation.Admin), (OwnersVar, Affiliation.Owner)])
        {
            if (form.Field(var) is not { } field)
                continue;
            var given = field.Values.Where(value => value.Length > 0).ToList();
            var jids = form.Jids(var);
            if (given.Exists(value => !Jid.TryParse(value, out var jid) || jid.Local is null))
                return StanzaError.Of(StanzaErrorCondition.JidMalformed, $"\"{var}\" takes addresses of people.");
            foreach (var jid in jids)
                wanted[jid.Bare] = affiliation;
            foreach (var member in _members.Values.Where(member => member.Affiliation == affiliation))
                wanted.TryAdd(member.Jid, Affiliation.None);
        }
        foreach (var (jid, affiliation) in wanted)
        {
            var before = MemberOf(jid);
            // Who is in both lists is an owner; who is no admin any more, but an owner that isn't asked about, stays one.
            if (before.Affiliation != affiliation)
                changes.Add(new(before with { Affiliation = affiliation, Reason = null }, before.Affiliation));
        }
        return null;
    }
}

/// <summary>How a room ends (§10.9).</summary>
/// <param name="Venue">Where the talk goes on, or null.</param>
/// <param name="Password">Of that room, or null.</param>
internal sealed record Destruction(Jid? Venue, string? Password, string? Reason)
{
    public Element ToElement() => new(Muc.User, "destroy",
        Element.Attr("jid", Venue?.ToString()),
        Password is null ? null : new Element(Muc.User, "password", Password),
        Reason is null ? null : new Element(Muc.User, "reason", Reason));
}
