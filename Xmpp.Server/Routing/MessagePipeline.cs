using System.Buffers;
using System.Collections.Immutable;
using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;
using Xmpp.Server.Federation;
using Xmpp.Server.Hosting;
using Xmpp.Server.Modules;
using Xmpp.Server.Sessions;
using Xmpp.Server.Sessions.Journal;
using Xmpp.Server.Transport;

namespace Xmpp.Server.Routing;

/// <summary>
/// Takes a message through the stages, once for each local account that it touches: Guard, Stamp, Archive, Copy, and for the
/// recipient Deliver and Undelivered. It is kept first, then delivered, then copies go out: so who finds any of that after a kill knows
/// what came before.
/// </summary>
internal sealed class MessagePipeline(ServerContext server) : IStanzaSender
{
    [ThreadStatic] private static Context? t_context;

    /// <summary>Sends a session's message on its way.</summary>
    /// <returns>The error to tell the sender, or null.</returns>
    public ValueTask<StanzaError?> RunAsync(
        ModuleTable modules, ClientSession sender, StanzaView stanza, Jid to, bool isLocal, CancellationToken cancellationToken) =>
        RunAsync(modules, sender, session: null, sender.Jid, stanza, to, isLocal, cancellationToken);

    /// <summary>Takes a message of somebody who is not local to its recipient, who is.</summary>
    /// <param name="session">Of the stream of another server that it came on, where that can be resumed; else null.</param>
    /// <returns>The error to tell the sender, or null.</returns>
    public ValueTask<StanzaError?> ReceiveAsync(
        ModuleTable modules, Jid from, StanzaView stanza, Jid to, RemoteSession? session, CancellationToken cancellationToken) =>
        RunAsync(modules, sender: null, session, from, stanza, to, isLocal: true, cancellationToken);

    public async ValueTask<StanzaError?> SendMessageAsync(Element message, CancellationToken cancellationToken)
    {
        var (from, to) = (Jid.Parse(message["from"]!), Jid.Parse(message["to"]!));
        var bytes = new ArrayBufferWriter<byte>(512);
        XmlStreamWriter.Write(bytes, message, Namespaces.Client, streamPrefix: false);
        var current = server.Current;
        return await RunAsync(
            current.Modules, sender: null, session: null, from, StanzaView.Parse(bytes.WrittenMemory), to, current.IsLocal(to),
            cancellationToken);
    }

    public ValueTask<IqReply> AskAsync(Jid account, Jid from, IqType type, Element payload, CancellationToken cancellationToken) =>
        server.Router.AskAsync(account, from, type, payload, cancellationToken);

    public StanzaError? Send(BroadcastStanza stanza, Jid to)
    {
        var output = Scratch.Rent();
        stanza.Write(output, to);
        return Send(output.WrittenSpan, to);
    }

    public StanzaError? Send(Element stanza, Jid to)
    {
        var output = Scratch.Rent();
        XmlStreamWriter.Write(output, stanza, Namespaces.Client, streamPrefix: false);
        return Send(output.WrittenSpan, to);
    }

    private StanzaError? Send(ReadOnlySpan<byte> stanza, Jid to)
    {
        if (!server.Current.IsLocal(to))
            return server.Remote.Send(to, stanza);
        if (server.Sessions.Find(to) is not { } session)
            return StanzaError.Of(StanzaErrorCondition.RecipientUnavailable);
        session.Send(stanza);
        return null;
    }

    /// <summary>Sends a message on that a session has lost: to others of its account, or to who keeps messages for it.</summary>
    /// <param name="stanza">As the session got it.</param>
    /// <param name="recipient">The session's full JID.</param>
    /// <returns>The error to tell the sender, or null.</returns>
    public async ValueTask<StanzaError?> RedeliverAsync(
        StanzaView stanza, Jid recipient, DateTimeOffset sentAt, CancellationToken cancellationToken)
    {
        if (!Jid.TryParse(stanza.Attribute("from"u8), out var from))
            from = recipient.Host;
        var context = new Context();
        context.Start(this, sender: null, from, stanza, Jid.TryParse(stanza.Attribute("to"u8), out var to) ? to : recipient);
        context.Touch(recipient.Bare, MessageDirection.Received);
        context.ComesLate(sentAt);
        context.RecallStanzaId();
        var error = await DeliverAsync(server.Current.Modules, context, cancellationToken);
        return context.Type == MessageType.Error ? null : error;
    }

    /// <summary>
    /// Gives a message to those clients of an account that hadn't got it yet, or a copy, when the server was killed. Nothing came behind it.
    /// </summary>
    public async ValueTask SendRestAsync(PartlySentMessage message, CancellationToken cancellationToken)
    {
        var (entry, stanza) = (message.Message, StanzaView.Parse(message.Message.Stanza));
        if (stanza.AttributeJid("from"u8) is not { } from || stanza.AttributeJid("to"u8) is not { } to)
            return;
        var context = new Context();
        context.Start(this, sender: null, from, stanza, to);
        context.Touch(entry.Account, entry.IsIncoming ? MessageDirection.Received : MessageDirection.Sent);
        context.ContinueFrom(message);
        // Where none of the account's has it, it was for none.
        if (context.IsForAccount && message.Recipients.Any(recipient => recipient.Bare == entry.Account))
            Deliver(context, toWhoIsCatchingUp: false);
        await RunAsync(server.Current.Modules.MessageHandlers(MessageStage.Copy), context, cancellationToken);
        context.SendCopies();
    }

    /// <param name="sender">The session that sent it; null when none did.</param>
    /// <param name="session">Of the other server's stream that it came on; null when none did, or it can't be resumed.</param>
    /// <param name="isLocal">Whether this server answers for the recipient's domain.</param>
    private ValueTask<StanzaError?> RunAsync(
        ModuleTable modules, ClientSession? sender, RemoteSession? session, Jid from, StanzaView stanza, Jid to, bool isLocal,
        CancellationToken cancellationToken)
    {
        // Messages are many: their context is used again, as long as its handlers complete at once.
        var context = t_context ?? new Context();
        t_context = null;
        context.Start(this, sender, from, stanza, to, session);
        var run = RunAsync(modules, context, isLocal, cancellationToken);
        return run.IsCompletedSuccessfully ? new(End(context, run.Result)) : EndAsync(context, run);

        static async ValueTask<StanzaError?> EndAsync(Context context, ValueTask<StanzaError?> run) => End(context, await run);
    }

    private static StanzaError? End(Context context, StanzaError? error)
    {
        // RFC 6120 §8.3.1: an error is never answered with an error.
        if (context.Type == MessageType.Error)
            error = null;
        context.Clear();
        t_context = context;
        return error;
    }

    private async ValueTask<StanzaError?> RunAsync(ModuleTable modules, Context context, bool isLocal, CancellationToken cancellationToken)
    {
        var verdict = await RunStagesOfBothAsync(modules, context, isLocal, cancellationToken);
        // Also of what is stopped then: the sender's other clients get copies, by the ids that they have in the archive.
        if (context.Kept.Count > 0)
            await KeepAsync(context, cancellationToken);
        if (verdict == Verdict.Continue && isLocal && context.To.Local is not null)
            verdict = await RunAsync(modules.MessageHandlers(MessageStage.Deliver), context, cancellationToken);
        var error = verdict == Verdict.Stop ? context.Error : await HandOverAsync(modules, context, isLocal, cancellationToken);
        context.SendCopies();
        return error;
    }

    /// <summary>Brings it to whom it is for, wherever that is.</summary>
    private ValueTask<StanzaError?> HandOverAsync(
        ModuleTable modules, Context context, bool isLocal, CancellationToken cancellationToken)
    {
        if (isLocal)
            return DeliverAsync(modules, context, cancellationToken);
        if (server.Current.Services.TryGetValue(context.To.Domain, out var service))
        {
            return service.Service.MessageAsync(
                new(context.Stanza, context.From, context.To, service.Host, context.Sender), cancellationToken);
        }
        // As its sender wrote it: what was changed is for the sender's own account.
        var output = Scratch.Rent();
        StanzaStamper.Write(output, context.Stanza, (ClientSession?)context.Sender);
        return new(server.Remote.Send(context.To, output.WrittenSpan, context.Origin));
    }

    /// <summary>Hands it to the archives; clients and servers that sent it wait only before they are told that it was handled.</summary>
    private ValueTask KeepAsync(Context context, CancellationToken cancellationToken) => context.Sender is ClientSession sender
        ? sender.KeepAsync(context.Kept)
        : context.Session is { } session ? session.KeepAsync(context.Kept)
        : server.Store.Archive.AddAsync(context.Kept, cancellationToken);

    /// <summary>Runs the stages before delivery for each local account that is touched.</summary>
    private static async ValueTask<Verdict> RunStagesOfBothAsync(
        ModuleTable modules, Context context, bool isLocal, CancellationToken cancellationToken)
    {
        if (context.Sender is not null)
        {
            context.Touch(context.From.Bare, MessageDirection.Sent);
            if (await RunStagesAsync(modules, context, context.To, cancellationToken) == Verdict.Stop)
                return Verdict.Stop;
        }
        if (!isLocal || context.To.Local is null)
            return Verdict.Continue;
        // A message to oneself touches one account, once.
        var isToSelf = context.Sender is not null && context.To.Bare == context.Account;
        context.Touch(context.To.Bare, MessageDirection.Received);
        return isToSelf ? Verdict.Continue : await RunStagesAsync(modules, context, context.From, cancellationToken);
    }

    private ValueTask<StanzaError?> DeliverAsync(ModuleTable modules, Context context, CancellationToken cancellationToken)
    {
        if (context.To.Local is null && server.PublishedBans.TryHear(context.From, context.Stanza))
            return default;
        return Deliver(context, toWhoIsCatchingUp: false) switch
        {
            DeliveryAction.Undelivered => GiveUpAsync(modules, context, cancellationToken),
            DeliveryAction.Refuse => new(StanzaError.Of(StanzaErrorCondition.ServiceUnavailable)),
            _ => default,
        };
    }

    /// <summary>Nobody is there: a handler takes care of it, or the sender is told.</summary>
    private static async ValueTask<StanzaError?> GiveUpAsync(ModuleTable modules, Context context, CancellationToken cancellationToken) =>
        await RunAsync(modules.MessageHandlers(MessageStage.Undelivered), context, cancellationToken) == Verdict.Stop
            ? context.Error
            : StanzaError.Of(StanzaErrorCondition.ServiceUnavailable);

    /// <summary>Runs the stages before delivery for the account that the context is about.</summary>
    /// <param name="peer">Who is on the other side from it.</param>
    private static ValueTask<Verdict> RunStagesAsync(ModuleTable modules, Context context, Jid peer, CancellationToken cancellationToken)
    {
        var stanza = new GuardedStanza(
            StanzaKind.Message, context.Account, context.Direction, peer, MessageTypes.NameOf(context.Type));
        var verdict = modules.Guards.CheckAsync(stanza, cancellationToken);
        return verdict.IsCompletedSuccessfully
            ? RunGuardedAsync(verdict.Result, modules, context, cancellationToken)
            : WaitAsync(verdict, modules, context, cancellationToken);

        static async ValueTask<Verdict> WaitAsync(
            ValueTask<GuardVerdict> verdict, ModuleTable modules, Context context, CancellationToken cancellationToken) =>
            await RunGuardedAsync(await verdict, modules, context, cancellationToken);
    }

    private static ValueTask<Verdict> RunGuardedAsync(
        GuardVerdict verdict, ModuleTable modules, Context context, CancellationToken cancellationToken)
    {
        if (verdict.Passes)
            return RunAsync(modules.MessageHandlersBeforeDelivery, context, cancellationToken);
        context.Error = verdict.Error;
        return new(Verdict.Stop);
    }

    /// <summary>Runs handlers one after the other until one stops the message. As long as they complete at once, nothing is allocated.</summary>
    private static ValueTask<Verdict> RunAsync(
        ImmutableArray<MessageHandler> handlers, Context context, CancellationToken cancellationToken)
    {
        for (var i = 0; i < handlers.Length; i++)
        {
            var verdict = handlers[i](context, cancellationToken);
            if (!verdict.IsCompletedSuccessfully)
                return WaitAsync(verdict, handlers, i + 1, context, cancellationToken);
            if (verdict.Result == Verdict.Stop)
                return new(Verdict.Stop);
        }
        return new(Verdict.Continue);

        static async ValueTask<Verdict> WaitAsync(
            ValueTask<Verdict> verdict, ImmutableArray<MessageHandler> handlers, int next, Context context, CancellationToken cancellationToken)
        {
            while (await verdict == Verdict.Continue)
            {
                if (next == handlers.Length)
                    return Verdict.Continue;
                verdict = handlers[next++](context, cancellationToken);
            }
            return Verdict.Stop;
        }
    }

    private DeliveryAction Deliver(Context context, bool toWhoIsCatchingUp)
    {
        var resources = context.To.Local is null ? [] : server.Sessions.Of(context.Account);
        // What is worth nothing later doesn't wait for what was said before.
        toWhoIsCatchingUp |= context.Type == MessageType.Headline;
        ISession? addressed = null;
        var isAvailable = false;
        foreach (var resource in resources)
        {
            if (context.To.IsFull && resource.Jid.Resource == context.To.Resource)
                addressed = resource;
            isAvailable |= IsAvailable(resource) && (toWhoIsCatchingUp || !resource.IsCatchingUp);
        }

        var action = MessageDelivery.Decide(context.Type, TargetOf(context.To, addressed), isAvailable);
        if (action is not (DeliveryAction.ToResource or DeliveryAction.ToAvailable))
            return action;

        // Written once, however many resources get it.
        var message = Scratch.Rent();
        context.Write(message);
        if (action == DeliveryAction.ToResource)
        {
            if (!context.WasGivenTo(addressed!))
                ((ClientSession)addressed!).Send(message.WrittenSpan, copies: null, context.Origin);
            return action;
        }
        // Once one of them takes it, those that are catching up don't go without it: late messages say when they were sent.
        var copies = CopiesFor(resources);
        var isSent = false;
        foreach (var resource in resources)
        {
            if (!IsAvailable(resource))
                continue;
            if (!context.WasGivenTo(resource))
                ((ClientSession)resource).Send(message.WrittenSpan, copies, context.Origin);
            isSent = true;
        }
        // Whoever was available a moment ago may not be any more.
        return isSent ? action : MessageDelivery.Decide(context.Type, TargetOf(context.To, addressed), isAvailable: false);
    }

    /// <summary>What several sessions that get a message share; null when only one does.</summary>
    private static Copies? CopiesFor(ReadOnlySpan<ISession> resources)
    {
        var count = 0;
        var isSafe = false;
        foreach (var resource in resources)
        {
            if (!IsAvailable(resource))
                continue;
            count++;
            isSafe |= ((ClientSession)resource).Management is null;
        }
        return count < 2 ? null : isSafe ? Copies.Elsewhere : new(count);
    }

    private static DeliveryTarget TargetOf(Jid to, ISession? addressed) => to switch
    {
        { Local: null } => DeliveryTarget.Server,
        { IsFull: false } => DeliveryTarget.Account,
        _ => addressed is not null ? DeliveryTarget.ConnectedResource : DeliveryTarget.MissingResource,
    };

    private static bool IsAvailable(ISession session) => session.Presence is { TakesMessages: true };

    private sealed class Context : MessageContext
    {
        private readonly StanzaEdits _edits = new();
        private readonly List<(BroadcastStanza Copy, ClientSession To)> _copies = [];
        private List<ArchiveEntry>? _kept;
        private IReadOnlySet<Jid>? _recipients;
        private MessagePipeline? _pipeline;
        private ClientSession? _sender;
        private RemoteSession? _session;
        private Jid? _from;
        private StanzaView? _stanza;
        private Jid? _to;
        private Jid? _account;
        private MessageType _type;
        private MessageDirection _direction;

        public override StanzaView Stanza => _stanza!;

        public override MessageType Type => _type;

        public override Jid From => _from!;

        public override Jid To => _to!;

        public override Jid Account => _account!;

        public override MessageDirection Direction => _direction;

        public override ISession? Sender => _sender;

        public override IReadOnlyList<ArchiveEntry> Kept => _kept ?? (IReadOnlyList<ArchiveEntry>)[];

        public override void Keep(ArchiveEntry entry) => (_kept ??= new(2)).Add(entry);

        /// <summary>Of the stream of another server; null when it came otherwise.</summary>
        public RemoteSession? Session => _session;

        public StanzaOrigin Origin => _sender?.OriginOfCurrent ?? _session?.Origin ?? default;

        public void Start(
            MessagePipeline pipeline, ClientSession? sender, Jid from, StanzaView stanza, Jid to, RemoteSession? session = null)
        {
            (_pipeline, _sender, _from, _stanza, _to, _session) = (pipeline, sender, from, stanza, to, session);
            _type = MessageTypes.Of(stanza);
        }

        /// <summary>What follows is about this account; what was changed for another is not for this one.</summary>
        public void Touch(Jid account, MessageDirection direction)
        {
            if (_account is not null && _account != account)
            {
                _edits.Clear();
                StanzaId = null;
            }
            (_account, _direction) = (account, direction);
        }

        public override void Append(ReadOnlySpan<byte> element) => _edits.Append(element);

        public override void Drop(int child) => _edits.Drop(child);

        public override void Write(IBufferWriter<byte> output) => StanzaStamper.Write(output, Stanza, _sender, _edits);

        public override void Copy(BroadcastStanza copy, ISession to) => _copies.Add((copy, (ClientSession)to));

        public void SendCopies()
        {
            foreach (var (copy, to) in _copies)
                to.Send(copy, to.Jid, Origin);
            _copies.Clear();
        }

        public override bool IsWith(ISession session) =>
            session == _sender || WasGivenTo(session) || (_recipients is not null && session.Jid == _from);

        /// <summary>Whether a client has it that is not the sender, from before the process began.</summary>
        public bool WasGivenTo(ISession session) => _recipients?.Contains(session.Jid) == true;

        /// <summary>The message was on its way already: it has the id by which it is archived, and some have it.</summary>
        public void ContinueFrom(PartlySentMessage message)
        {
            _recipients = message.Recipients;
            StanzaId = message.Message.Id;
            var output = new ArrayBufferWriter<byte>(128);
            Core.Extensions.StanzaId.Write(output, message.Message.Id, Account);
            Append(output.WrittenSpan);
        }

        public override bool TryDeliver(bool toWhoIsCatchingUp) =>
            _pipeline!.Deliver(this, toWhoIsCatchingUp) is DeliveryAction.ToResource or DeliveryAction.ToAvailable;

        /// <summary>Notes that the message comes late.</summary>
        public void ComesLate(DateTimeOffset sentAt)
        {
            IsDelayed = true;
            var output = new ArrayBufferWriter<byte>(128);
            XmlStreamWriter.Write(output, new Delay(sentAt, Account.Host).ToElement(), Namespaces.Client);
            Append(output.WrittenSpan);
        }

        /// <summary>Finds the id that the message got when it was here first.</summary>
        public void RecallStanzaId()
        {
            if (Stanza.HasChild("urn:xmpp:sid:0"u8, "stanza-id"u8)
                && SortableId.TryParse(Core.Extensions.StanzaId.Find(Stanza.ToElement(), Account), out var id))
            {
                StanzaId = id;
            }
        }

        /// <summary>Lets go of everything, so that a waiting context keeps no session alive.</summary>
        public void Clear()
        {
            (_pipeline, _sender, _from, _stanza, _to, _account, _session) = (null, null, null, null, null, null, null);
            _edits.Clear();
            _copies.Clear();
            _kept = null; // The store's by now.
            StanzaId = null;
            Error = null;
        }
    }
}
