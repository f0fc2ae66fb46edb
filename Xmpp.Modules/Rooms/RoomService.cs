using System.Collections.Frozen;
using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;

namespace Xmpp.Modules.Rooms;

/// <summary>The domain of rooms: takes each stanza to its room.</summary>
/// <param name="options">As they were when the service began: its domain and its name stay.</param>
internal sealed class RoomService(RoomDirectory rooms, RoomOptions options) : IHostService
{
    private readonly RoomServices _services = rooms.Services;
    private readonly RoomList _list = new(rooms);


    /// <summary>What can be asked of a room.</summary>
    private static readonly FrozenDictionary<(IqType, XmlName), RoomRequestHandler> _requests =
        new Dictionary<(IqType, XmlName), RoomRequestHandler>
        {
            [(IqType.Get, new(Namespaces.DiscoInfo, "query"))] = (room, iq, _) => new(room.GetInfo(iq)),
            [(IqType.Get, new(Namespaces.DiscoItems, "query"))] = (room, iq, _) => new(room.GetItems(iq)),
            [(IqType.Get, new("urn:xmpp:ping", "ping"))] = (_, _, _) => new(IqReply.Result()),
            [(IqType.Get, Muc.AdminQuery)] = (room, iq, _) => new(room.GetList(iq)),
            [(IqType.Set, Muc.AdminQuery)] = (room, iq, ct) => room.ChangeListAsync(iq, ct),
            [(IqType.Get, Muc.OwnerQuery)] = (room, iq, _) => new(room.GetForm(iq)),
            [(IqType.Set, Muc.OwnerQuery)] = (room, iq, ct) => room.HandleOwnerAsync(iq, ct),
            [(IqType.Get, Room.RegisterQuery)] = (room, iq, _) => new(room.GetRegistration(iq)),
            [(IqType.Set, Room.RegisterQuery)] = (room, iq, ct) => room.RegisterAsync(iq, ct),
            [(IqType.Get, VCardTemp.Name)] = (room, _, _) => new(room.GetCard()),
            [(IqType.Set, VCardTemp.Name)] = (room, iq, ct) => room.SetCardAsync(iq, ct),
            [(IqType.Set, ModerationRequest.Payload)] = (room, iq, ct) => room.ModerateAsync(iq, ct),
            [(IqType.Set, ModerationRequest.OldPayload)] = (room, iq, ct) => room.ModerateAsync(iq, ct),
            [(IqType.Set, Room.Command)] = (room, iq, ct) => room.CommandAsync(iq, ct),
        }.ToFrozenDictionary();

    public string Label => options.Label;

    public string Name => options.Name;

    public ValueTask<StanzaError?> MessageAsync(ServiceStanza message, CancellationToken cancellationToken)
    {
        var type = MessageTypes.Of(message.View);
        if (type == MessageType.Groupchat && message.To.IsBare && rooms.TryFind(message.To, out var room) && room.IsLoaded
            && !Room.IsSubject(message.View))
        {
            return room.Mailbox.HandleAsync(message);
        }
        return MessageAsync(message, type, cancellationToken);
    }

    public async ValueTask<StanzaError?> PresenceAsync(ServiceStanza presence, CancellationToken cancellationToken)
    {
        var type = presence.Type;
        if (presence.To.Local is null)
            return type is null or "unavailable" or "error" ? null : StanzaError.Of(StanzaErrorCondition.ServiceUnavailable);
        if (type is not (null or "unavailable" or "error"))
            return type == "probe" ? null : StanzaError.Of(StanzaErrorCondition.BadRequest); // §17.3
        if (type is not null && !rooms.TryFind(presence.To.Bare, out _))
            return null; // Nobody is there.
        using var turn = await rooms.EnterAsync(presence.To.Bare, presence.Host, cancellationToken);
        switch (type)
        {
            case null:
                return _services.Sessions.Together((turn.Room, presence), static state => state.Room.HandleAvailable(state.presence));
            case "error":
                turn.Room.HandleError(presence);
                return null;
            default:
                await turn.Room.LeaveAsync(presence.From, presence.Sender, presence.View.ToElement(), hasEnded: false, cancellationToken);
                return null;
        }
    }

    public async ValueTask<IqReply> IqAsync(ServiceStanza iq, IqType? request, CancellationToken cancellationToken)
    {
        if (iq.To.Local is null)
            return request is { } asked ? await _list.AnswerAsync(iq, asked, cancellationToken) : IqReply.Sent;
        if (request is null && !rooms.TryFind(iq.To.Bare, out _))
            return IqReply.Sent;
        if (iq.To.IsBare && request is { } type)
        {
            if (RoomArchive.Handles(iq.View.ChildName(0)))
                return await ReadArchiveAsync(iq, type, cancellationToken);
            if (!_requests.ContainsKey((type, iq.View.ChildName(0))))
                return IqReply.Failed(StanzaErrorCondition.ServiceUnavailable);
        }
        if (iq.To.IsFull && request is IqType.Get && iq.View.ChildName(0) == VCardTemp.Name)
            return await GetCardAsync(iq, cancellationToken);
        using var turn = await rooms.EnterAsync(iq.To.Bare, iq.Host, cancellationToken);
        var room = turn.Room;
        if (request is null)
        {
            room.HandleError(iq);
            if (iq.To.IsFull)
                room.PassAnswerOn(iq);
            return IqReply.Sent;
        }
        if (iq.To.IsFull)
            return room.PassOn(iq);
        if (!room.Exists)
            return IqReply.Failed(StanzaErrorCondition.ItemNotFound, "There is no such room.");
        return await _requests[(request.Value, iq.View.ChildName(0))](room, iq, cancellationToken);
    }

    /// <summary>An occupant's card is not its client's to give, but its account's (XEP-0054 §3.3).</summary>
    private async ValueTask<IqReply> GetCardAsync(ServiceStanza iq, CancellationToken cancellationToken)
    {
        Occupant? asker, asked;
        using (var turn = await rooms.EnterAsync(iq.To.Bare, iq.Host, cancellationToken))
        {
            if (turn.Room.CheckAsker(iq, out asker, out asked) is { } refusal)
                return IqReply.Failed(refusal);
            if (!_services.Hosts.IsLocal(asked!.Account))
                return turn.Room.PassOn(iq);
        }
        return await _services.Stanzas.AskAsync(asked.Account, asker!.Address, IqType.Get, iq.Payload, cancellationToken);
    }

    /// <summary>The room is asked what its archive is for somebody; nobody in it waits while that is read.</summary>
    private async ValueTask<IqReply> ReadArchiveAsync(ServiceStanza iq, IqType type, CancellationToken cancellationToken)
    {
        RoomReader reader;
        using (var turn = await rooms.EnterAsync(iq.To, iq.Host, cancellationToken))
            reader = turn.Room.ReaderOf(iq.From);
        return await _services.Archive.AnswerAsync(iq, type, reader, cancellationToken);
    }

    private async ValueTask<StanzaError?> MessageAsync(ServiceStanza message, MessageType type, CancellationToken cancellationToken)
    {
        if (message.To.Local is null)
            return StanzaError.Of(StanzaErrorCondition.ServiceUnavailable);
        var outgoing = new List<Element>();
        StanzaError? error;
        using (var turn = await rooms.EnterAsync(message.To.Bare, message.Host, cancellationToken))
            error = await HandleAsync(turn.Room, message, type, outgoing, cancellationToken);
        foreach (var whisper in outgoing)
        {
            var refusal = await _services.Stanzas.SendMessageAsync(whisper, cancellationToken);
            if (outgoing.Count == 1)
                error = refusal;
        }
        return error;
    }

    private static async ValueTask<StanzaError?> HandleAsync(
        Room room, ServiceStanza message, MessageType type, List<Element> outgoing, CancellationToken cancellationToken)
    {
        if (type == MessageType.Error)
        {
            if (!room.HandleError(message) && message.To.IsFull)
                room.Whisper(message, type, outgoing);
            return null;
        }
        if (message.To.IsFull)
            return room.Whisper(message, type, outgoing);
        if (type == MessageType.Groupchat)
            return Room.IsSubject(message.View) ? await room.ChangeSubjectAsync(message, cancellationToken) : room.Say(message);
        return await room.HandleToItselfAsync(message, cancellationToken);
    }

    private delegate ValueTask<IqReply> RoomRequestHandler(Room room, ServiceStanza iq, CancellationToken cancellationToken);
}
