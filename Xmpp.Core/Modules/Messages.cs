using System.Buffers;
using Xmpp.Core.Extensions;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;

namespace Xmpp.Core.Modules;

/// <summary>The stages of a message, in order. Each runs for every local account that the message touches.</summary>
public enum MessageStage
{
    /// <summary>May the message pass at all?</summary>
    Guard,

    /// <summary>What the server adds to it.</summary>
    Stamp,

    /// <summary>What is kept of it.</summary>
    Archive,

    /// <summary>Copies for other resources of the account: see <see cref="MessageContext.Copy"/>.</summary>
    Copy,

    /// <summary>To the resources it is meant for; the server's own stage, for the recipient only.</summary>
    Deliver,

    /// <summary>Nobody could take it; for the recipient only. A handler that stops here has taken care of it.</summary>
    Undelivered,
}

/// <summary>On which side of the conversation an account is.</summary>
public enum MessageDirection
{
    Sent,
    Received,
}

/// <summary>Message types (RFC 6121 §5.2.2); an unknown one is <see cref="Normal"/>.</summary>
public enum MessageType
{
    Normal,
    Chat,
    Groupchat,
    Headline,
    Error,
}

/// <summary>Whether a message goes on to the next handler.</summary>
public enum Verdict
{
    Continue,

    /// <summary>No further handler sees it. With <see cref="MessageContext.Error"/> set, the sender is told so.</summary>
    Stop,
}

/// <summary>
/// Handles a message at a stage. The context is the server's and valid until the returned task completes: take copies.
/// </summary>
public delegate ValueTask<Verdict> MessageHandler(MessageContext context, CancellationToken cancellationToken);

/// <summary>A message on its way, as one local account sees it.</summary>
public abstract class MessageContext
{
    /// <summary>
    /// The message as its sender wrote it: 'from' and 'to' are those below, whatever it says, and what handlers change is not in it.
    /// </summary>
    public abstract StanzaView Stanza { get; }

    public abstract MessageType Type { get; }

    /// <summary>The full JID of the sender.</summary>
    public abstract Jid From { get; }

    public abstract Jid To { get; }

    /// <summary>The bare JID of the account this run of the stages is for.</summary>
    public abstract Jid Account { get; }

    public abstract MessageDirection Direction { get; }

    /// <summary>The sender's session where it is local, else null.</summary>
    public abstract ISession? Sender { get; }

    /// <summary>
    /// Whether what is done to the message is done to what the account gets: it is received, or sent to oneself, which runs the
    /// stages once.
    /// </summary>
    public bool IsForAccount => Direction == MessageDirection.Received || To.Bare == Account;

    /// <summary>The id by which the account's archive knows the message for good (XEP-0359); null when it isn't archived.</summary>
    public SortableId? StanzaId { get; set; }

    /// <summary>What is to be kept of the message in archives: that of the account, and before it that of the sender's.</summary>
    public abstract IReadOnlyList<ArchiveEntry> Kept { get; }

    /// <summary>
    /// Keeps the message in an archive, for handlers of <see cref="MessageStage.Archive"/>: together with what else is kept of it, before
    /// anybody gets it. A sender whose message can't be kept is told.
    /// </summary>
    public abstract void Keep(ArchiveEntry entry);

    /// <summary>Whether it has been on its way before, and says so (XEP-0203).</summary>
    public bool IsDelayed { get; protected set; }

    /// <summary>Adds a child behind the others to what the account gets.</summary>
    /// <param name="element">UTF-8 that stands well in the namespace "jabber:client"; copied.</param>
    public abstract void Append(ReadOnlySpan<byte> element);

    /// <summary>Leaves a child of <see cref="Stanza"/> out of what the account gets.</summary>
    public abstract void Drop(int child);

    /// <summary>Writes the message as the account gets it, as UTF-8 for the namespace "jabber:client".</summary>
    public abstract void Write(IBufferWriter<byte> output);

    /// <summary>Gives a copy to a client of the account, as soon as the message itself is where it is meant to go.</summary>
    public abstract void Copy(BroadcastStanza copy, ISession to);

    /// <summary>Whether a client has the message: it has sent it, or got it or a copy before the server was killed.</summary>
    public abstract bool IsWith(ISession session);

    /// <summary>
    /// Delivers once more, for a handler of <see cref="MessageStage.Undelivered"/> who finds that somebody may have come.
    /// </summary>
    /// <param name="toWhoIsCatchingUp">Whether a session will do that is still to get older messages before this one.</param>
    /// <returns>Whether somebody got it.</returns>
    public abstract bool TryDeliver(bool toWhoIsCatchingUp);

    /// <summary>Set by a handler that stops the message and wants its sender to know. Never sent in reply to an error.</summary>
    public StanzaError? Error { get; set; }
}
