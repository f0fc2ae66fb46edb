using Xmpp.Core.Extensions;
using Xmpp.Core.Streams;
using Xmpp.Core.Xml;

namespace Xmpp.Core.Modules;

/// <summary>What a module can hook into.</summary>
public interface IModuleBuilder
{
    /// <summary>Advertises a feature in the disco#info of these entities (XEP-0030 §3).</summary>
    void Feature(IqTarget targets, string feature);

    /// <summary>Advertises an identity in the disco#info of these entities.</summary>
    void Identity(IqTarget targets, DiscoIdentity identity);

    /// <summary>Adds a form to the disco#info of these entities (XEP-0128).</summary>
    void Extension(IqTarget targets, DataForm form);

    /// <summary>Adds items to the disco#items of these entities (XEP-0030 §4).</summary>
    void Items(IqTarget targets, DiscoItemsHandler items);

    /// <summary>Answers for nodes of these entities, for disco#info and disco#items (XEP-0030 §3.2, §4.2).</summary>
    void Node(IqTarget targets, DiscoNodeHandler node);

    /// <summary>Offers an ad-hoc command (XEP-0050).</summary>
    void Command(AdHocCommand command);

    /// <summary>Answers IQs of one type with one kind of payload, for these entities. One handler for each.</summary>
    void Iq(IqType type, IqTarget targets, XmlName payload, IqHandler handler);

    /// <summary>Answers IQs of one type with one kind of payload from clients that have not authenticated, on a protected stream.</summary>
    void UnauthenticatedIq(IqType type, XmlName payload, UnauthenticatedIqHandler handler);

    /// <summary>
    /// Is asked before a request with this payload goes to a client: whether its sender may ask that. Also when there is no such
    /// client, so that who may not learns nothing.
    /// </summary>
    /// <param name="payload">Null: of all requests that nobody else is asked of.</param>
    void Forwarding(XmlName? payload, ForwardingCheck check);

    /// <summary>Sees the messages of local accounts at a stage; handlers of a stage run in the order of the module list.</summary>
    void Message(MessageStage stage, MessageHandler handler);

    /// <summary>Is asked of every stanza from and to a local account whether it may pass; all must agree.</summary>
    void Guard(StanzaGuard guard);

    /// <summary>Is asked of a request for a subscription before its account sees it; who takes care of it is the last asked.</summary>
    void SubscriptionRequest(SubscriptionRequestHandler handler);

    /// <summary>Handles the presence stanzas that local sessions send. One module does.</summary>
    void Presence(PresenceHandler handler);

    /// <summary>Adds something to available presence of clients, before anybody gets it.</summary>
    void PresenceAddition(PresenceAddition addition);

    /// <summary>Handles the presence stanzas that come from elsewhere. One module does.</summary>
    void RemotePresence(RemotePresenceHandler handler);

    /// <summary>Serves a domain below each host; it is among the items of the host (XEP-0030 §4).</summary>
    void Service(IHostService service);

    /// <summary>Serves something by HTTP. One module for each path.</summary>
    void HttpRoute(HttpRoute route);

    /// <summary>Wakes devices for services. One module does.</summary>
    void Waker(IDeviceWaker waker);

    /// <summary>Turns voice messages into text for services. One module does.</summary>
    void Transcriber(ITranscriber transcriber);

    /// <summary>
    /// Called when a client has said that it is not available any more, to everybody (RFC 6121 §4.5): who was sent presence by other ways
    /// than the account's has to be told.
    /// </summary>
    /// <param name="handler">Gets the session and its presence.</param>
    void Unavailable(Func<ISession, Element, ValueTask> handler);

    /// <summary>
    /// Called once at the start of the server, when the sessions that the process before has left are in the directory, and before anybody
    /// can connect.
    /// </summary>
    void Starting(Func<CancellationToken, ValueTask> handler);

    /// <summary>
    /// Called at the start, after <see cref="Starting"/>, for each message that the process before was killed in the middle of giving out:
    /// whoever had it in hand goes on with that.
    /// </summary>
    void PartlySent(Func<PartlySentMessage, CancellationToken, ValueTask> handler);

    /// <summary>Called when the server ends: nobody new comes, and those who are here can still be told something.</summary>
    void Stopping(Func<ValueTask> handler);

    /// <summary>
    /// Shows an element in the stream features of a phase; null leaves it out. Asked once for equal contexts. What is for
    /// <see cref="NegotiationPhase.Authenticated"/> is asked of for <see cref="NegotiationPhase.Bound"/> as well.
    /// </summary>
    void StreamFeature(NegotiationPhase phase, Func<StreamFeatureContext, Element?> feature);

    /// <summary>
    /// Takes part when a client binds its resource along with authentication (XEP-0386): before it is told, and once others can reach it.
    /// </summary>
    /// <param name="feature">By which clients are told that they can ask for something; null when there is nothing to ask for.</param>
    void InlineBind(string? feature, InlineBindHandler handler);

    /// <summary>Called when a session ends, after it has left the directory.</summary>
    void SessionEnded(Func<ISession, ValueTask> handler);

    /// <summary>Called when a client has come back to a session that was there before the server was restarted.</summary>
    void SessionRestored(Func<ISession, ValueTask> handler);

    /// <summary>
    /// Called when messages to its account may from now on reach a session (RFC 6121 §8.5.2.1.1), which they might not before. They can
    /// once <c>next</c> has completed, which the handler has to call.
    /// </summary>
    void BecomingAvailable(Func<ISession, Func<ValueTask>, ValueTask> handler);

    /// <summary>
    /// Called in the background when it is known what an available client can do (XEP-0115), when that has changed, and when the client
    /// is back online.
    /// </summary>
    void CapabilitiesKnown(CapabilitiesHandler handler);

    /// <summary>
    /// Called in the background when it is known what a client at another server can do, whose presence an account has been sent and who
    /// is a contact of it.
    /// </summary>
    void RemoteCapabilitiesKnown(RemoteCapabilitiesHandler handler);

    /// <summary>
    /// Called in the background when somebody has been told an account's presence since they are subscribed, or no longer blocked.
    /// </summary>
    /// <param name="handler">Gets the account, and the bare JID of who has been told.</param>
    void PresenceShown(Func<Jid, Jid, CancellationToken, ValueTask> handler);

    /// <summary>Is told what becomes of a node of accounts (XEP-0163).</summary>
    /// <param name="node">Its name.</param>
    void NodeChanged(string node, NodeHandler handler);

    /// <summary>Called when an account was made.</summary>
    void AccountAdded(Func<Jid, ValueTask> handler);

    /// <summary>Called before an account is removed, to tell others of it; what it has is still there.</summary>
    void AccountRemoving(Func<Jid, ValueTask> handler);

    /// <summary>Called when an account was removed, to forget what is in memory of it.</summary>
    void AccountRemoved(Func<Jid, ValueTask> handler);
}

/// <summary>An identity of an entity (XEP-0030 §3.1): category, type and, for people, a name in a language.</summary>
public sealed record DiscoIdentity(string Category, string Type, string? Name = null, string? Language = null);
