using Xmpp.Core.Stanzas;
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

    /// <summary>Copies for other resources of the account.</summary>
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
    /// <summary>The message as its sender wrote it; 'from' and 'to' are those below, whatever it says.</summary>
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

    /// <summary>Set by a handler that stops the message and wants its sender to know. Never sent in reply to an error.</summary>
    public StanzaError? Error { get; set; }
}
