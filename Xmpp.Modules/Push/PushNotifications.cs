using System.Collections.Immutable;
using System.Text;
using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;
using Xmpp.Modules.Bookmarks;

namespace Xmpp.Modules.Push;

/// <summary>
/// XEP-0357 Push Notifications: a device whose client can't be reached is woken once when there is something to read, until the client
/// comes back.
/// </summary>
[Xep(357, "0.4.1")]
public sealed class PushNotifications : IXmppModule, IDeviceWaker
{
    public const string Ns = "urn:xmpp:push:0";

    internal const string Kind = "push";
    private const string PublishOptions = "http://jabber.org/protocol/pubsub#publish-options";

    /// <summary>Bookmarks of an account whose settings are looked at.</summary>
    private const int MaxChats = 2000;

    /// <summary>A node is a part of a key of the store.</summary>
    private const int MaxNodeBytes = 512;

    // What a session's client has enabled: keys of registrations.
    private static readonly SessionKey<string[]> Enabled = new(
        "push", keys => Encoding.UTF8.GetBytes(string.Join('\0', keys)), saved => Encoding.UTF8.GetString(saved).Split('\0'));

    private readonly IAccountDataStore _store;
    private readonly ISessionDirectory _sessions;
    private readonly ISessionCapabilities _capabilities;
    private readonly IRemoteDomains _remote;
    private readonly IServerTasks _tasks;
    private readonly TimeProvider _time;
    private readonly PushOptions _options;
    private readonly AccountCache<Devices> _devices;
    private readonly AccountCache<ChatNotifications> _chats;
    private readonly PushPublisher _publisher;

    public PushNotifications(
        IAccountDataStore store, IPubSubStore nodes, ISessionDirectory sessions, ISessionCapabilities capabilities, IRemoteDomains remote,
        IServerTasks tasks, TimeProvider time, PushOptions options)
    {
        _capabilities = capabilities;
        _chats = new(sessions, async (account, cancellationToken) => ChatNotifications.Read(
            await nodes.ReadItemsAsync(account, BookmarkXml.Ns, new(IsFromEnd: true), MaxChats, cancellationToken)));
        (_store, _sessions, _remote, _tasks, _time, _options) = (store, sessions, remote, tasks, time, options);
        _devices = new(sessions, LoadAsync);
        _publisher = new(remote, tasks, options, RemoveAsync);
    }

    public void Register(IModuleBuilder builder)
    {
        builder.Feature(IqTarget.OwnAccount, Ns);
        builder.Iq(IqType.Set, IqTarget.OwnAccount, new(Ns, "enable"), EnableAsync);
        builder.Iq(IqType.Set, IqTarget.OwnAccount, new(Ns, "disable"), DisableAsync);
        builder.Message(MessageStage.Guard, TakeEndAsync);
        builder.Message(MessageStage.Deliver, NoticeAsync);
        builder.BecomingAvailable(NoteReturnAsync);
        builder.Waker(this);
        builder.NodeChanged(BookmarkXml.Ns, (account, _, _) => _chats.ForgetAsync(account));
        builder.AccountRemoved(async account =>
        {
            await _devices.ForgetAsync(account);
            await _chats.ForgetAsync(account);
        });
    }

    /// <summary>§5.</summary>
    private async ValueTask<IqReply> EnableAsync(IqRequest iq, CancellationToken cancellationToken)
    {
        if (iq.Session is not { } session)
            return IqReply.NeedsSession;
        var (enable, node) = (iq.Payload, iq.Payload["node"] ?? "");
        if (!Jid.TryParse(enable["jid"], out var service))
            return IqReply.Failed(StanzaErrorCondition.BadRequest, "The push service's address is missing.");
        if (!_remote.IsKnown(service))
            return IqReply.Failed(StanzaErrorCondition.RemoteServerNotFound, "There is no way to the push service.");
        var form = enable.Child(DataForm.Name);
        if (form is not null && DataForm.Parse(form)?.FormType != PublishOptions)
            return IqReply.Failed(StanzaErrorCondition.NotAcceptable, $"The form is '{PublishOptions}'.");
        if (Encoding.UTF8.GetByteCount(node) > MaxNodeBytes)
            return IqReply.Failed(StanzaErrorCondition.NotAcceptable, "The node's name is too long.");

        var registration = new PushRegistration(service, node, iq.From.Resource, form);
        var outcome = await _devices.ChangeAsync(iq.To, async cell =>
        {
            // The last request for a pair of address and node counts.
            var outcome = await _store.SetAsync(
                iq.To, Kind, registration.Key, StoredXml.Write(registration.ToElement()),
                new(_options.MaxPerAccount, _options.MaxBytes), cancellationToken);
            if (outcome == AccountDataOutcome.Kept)
                cell.Value = cell.Value.With(registration);
            return outcome;
        }, cancellationToken);
        if (outcome == AccountDataOutcome.NoAccount)
            return IqReply.Failed(StanzaErrorCondition.RegistrationRequired);
        if (outcome == AccountDataOutcome.TooMuch)
            return IqReply.Failed(StanzaErrorCondition.ResourceConstraint, $"An account may enable {_options.MaxPerAccount} nodes.");
        var keys = session.State.Get(Enabled) ?? [];
        if (!keys.Contains(registration.Key))
            session.State.Set(Enabled, [.. keys, registration.Key]);
        return IqReply.Result();
    }

    /// <summary>§6: one node, or all of a service.</summary>
    private async ValueTask<IqReply> DisableAsync(IqRequest iq, CancellationToken cancellationToken)
    {
        if (!Jid.TryParse(iq.Payload["jid"], out var service))
            return IqReply.Failed(StanzaErrorCondition.BadRequest, "The push service's address is missing.");
        await RemoveAsync(iq.To, service, iq.Payload["node"], cancellationToken);
        return IqReply.Result();
    }

    /// <summary>§8: a push service says that it takes no more notifications.</summary>
    private ValueTask<Verdict> TakeEndAsync(MessageContext message, CancellationToken cancellationToken) =>
        message.Direction == MessageDirection.Received && message.To.IsBare
            && message.Stanza.HasChild("http://jabber.org/protocol/pubsub"u8, "pubsub"u8)
            ? TakeNoticeOfEndAsync(message, cancellationToken)
            : new(Verdict.Continue);

    private async ValueTask<Verdict> TakeNoticeOfEndAsync(MessageContext message, CancellationToken cancellationToken)
    {
        var pubsub = message.Stanza.ToElement().Child("http://jabber.org/protocol/pubsub", "pubsub")!;
        if (pubsub["node"] is not { } node || !pubsub.Elements.Any(child =>
            child.Name.Local == "affiliation" && child["affiliation"] == "none"
            && Jid.TryParse(child["jid"], out var jid) && jid == message.Account))
        {
            return Verdict.Continue;
        }
        return await RemoveAsync(message.Account, message.From, node, cancellationToken) ? Verdict.Stop : Verdict.Continue;
    }

    /// <summary>A message is about to be delivered: the devices that it doesn't reach are woken.</summary>
    private ValueTask<Verdict> NoticeAsync(MessageContext message, CancellationToken cancellationToken)
    {
        if (!PushPayload.IsWorthWaking(message.Stanza, message.Type))
            return new(Verdict.Continue);
        if (_devices.Find(message.Account) is not { } devices || (!devices.All.IsEmpty && _chats.Find(message.Account) is null))
            return LoadAndNoticeAsync(message, cancellationToken);
        foreach (var device in devices.All)
            Consider(device, message);
        return new(Verdict.Continue);
    }

    private async ValueTask<Verdict> LoadAndNoticeAsync(MessageContext message, CancellationToken cancellationToken)
    {
        try
        {
            if (!(await _devices.GetAsync(message.Account, cancellationToken)).All.IsEmpty)
                await _chats.GetAsync(message.Account, cancellationToken);
        }
        catch (StoreException failure)
        {
            // The message itself has nothing to do with it.
            _tasks.Note($"The push services of {message.Account} could not be read: {failure.Message}");
            return Verdict.Continue;
        }
        return await NoticeAsync(message, cancellationToken);
    }

    private void Consider(PushDevice device, MessageContext message)
    {
        var session = SessionOf(message.Account, device.Registration.Key);
        // What is for one resource is nothing to the other devices, as long as there is such a resource.
        if (message.To.IsFull && message.To.Resource != device.Registration.Resource && _sessions.Find(message.To) is { } addressed
            && addressed != session)
        {
            return;
        }
        if (session?.Reach == Reachability.Connected)
            device.ComeBack();
        else
            Notice(message.Account, device, session, message.From, BodyOf(message.Stanza), HasMention(message.Stanza));
    }

    bool IDeviceWaker.MayHaveToWake(ISession session) =>
        session.Reach != Reachability.Connected && session.State.Get(Enabled) is { Length: > 0 };

    void IDeviceWaker.Wake(ISession session, Jid from, string? body, bool isMention)
    {
        var account = session.Jid.Bare;
        if (_devices.Find(account) is { } loaded && _chats.Find(account) is not null)
        {
            NoticeAll(loaded);
        }
        else
        {
            _tasks.Run($"Waking of devices of {account}", async token =>
            {
                await _chats.GetAsync(account, token);
                NoticeAll(await _devices.GetAsync(account, token));
            });
        }

        void NoticeAll(Devices devices)
        {
            foreach (var device in devices.All)
            {
                if (session.State.Get(Enabled)?.Contains(device.Registration.Key) == true)
                    Notice(account, device, session, from, body, isMention);
            }
        }
    }

    /// <summary>A device may not have a message: it is woken, or waited for.</summary>
    /// <param name="session">The device's, if it has one.</param>
    private void Notice(Jid account, PushDevice device, ISession? session, Jid from, string? body, bool isMention)
    {
        var identity = session is not null && _capabilities.Find(session) is { Identities: [var first, ..] } ? first : null;
        if (_chats.Find(account)?.Wakes(account, from, identity, body, isMention) == false)
            return;
        var summary = new PushSummary(1, _options.IncludeSender ? from.ToString() : null, _options.IncludeBody ? body : null);
        if (session is not { Reach: not Reachability.Away })
            Wake(account, device, session, summary);
        else if (device.TryWait())
            _tasks.Run($"Waiting for a sign of {session.Jid}", token => WaitAsync(account, device, session, summary, token));
    }

    /// <summary>A client that is connected, as far as can be told, and shows nothing of it, is woken.</summary>
    private async ValueTask WaitAsync(
        Jid account, PushDevice device, ISession session, PushSummary summary, CancellationToken cancellationToken)
    {
        var heard = session.Heard;
        await Task.Delay(_options.Patience, _time, cancellationToken);
        var messages = device.StopWaiting();
        if (session.Heard == heard)
            Wake(account, device, session, summary with { Messages = messages });
    }

    private void Wake(Jid account, PushDevice device, ISession? session, PushSummary summary)
    {
        // Once: it is for the client to see how many there are.
        if (device.Miss(session, summary.Messages) is var messages && messages > 0)
            _publisher.Publish(account, device, summary with { Messages = messages });
    }

    /// <summary>A client that was woken has come back with another session.</summary>
    private async ValueTask NoteReturnAsync(ISession session, Func<ValueTask> next)
    {
        foreach (var device in _devices.Find(session.Jid.Bare)?.All ?? [])
        {
            if (device.Registration.Resource == session.Jid.Resource)
                device.ComeBack();
        }
        await next();
    }

    private ISession? SessionOf(Jid account, string key)
    {
        foreach (var session in _sessions.Of(account))
        {
            if (session.State.Get(Enabled) is { } keys && keys.Contains(key))
                return session;
        }
        return null;
    }

    private async ValueTask<Devices> LoadAsync(Jid account, CancellationToken cancellationToken) => new(
    [
        .. (await _store.ListAsync(account, Kind, cancellationToken))
            .Select(entry => new PushDevice(PushRegistration.Read(StoredXml.Read(entry.Value)))),
    ]);

    /// <param name="node">Null for all nodes of the service.</param>
    /// <returns>Whether there was any.</returns>
    private ValueTask<bool> RemoveAsync(Jid account, Jid service, string? node, CancellationToken cancellationToken) =>
        _devices.ChangeAsync(account, async cell =>
        {
            var removed = cell.Value.All
                .Where(device => device.Registration.Service == service && (node is null || device.Registration.Node == node))
                .ToList();
            foreach (var device in removed)
            {
                await _store.RemoveAsync(account, Kind, device.Registration.Key, cancellationToken);
                cell.Value = new([.. cell.Value.All.Remove(device)]);
            }
            return removed.Count > 0;
        }, cancellationToken);

    /// <summary>What rooms tell those who are mentioned there (XEP-0452).</summary>
    private static bool HasMention(StanzaView message) => message.IndexOfChild("urn:xmpp:mmn:0"u8, "mentions"u8) >= 0;

    private static string? BodyOf(StanzaView message) =>
        message.IndexOfChild("jabber:client"u8, "body"u8) is var index && index >= 0 ? message.ChildText(index) : null;

    /// <summary>The devices of an account.</summary>
    private sealed record Devices(ImmutableArray<PushDevice> All)
    {
        public Devices With(PushRegistration registration) => new(
            [.. All.Where(device => device.Registration.Key != registration.Key), new PushDevice(registration)]);
    }
}
