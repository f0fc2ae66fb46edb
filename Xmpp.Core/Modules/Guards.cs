using Xmpp.Core.Stanzas;

namespace Xmpp.Core.Modules;

/// <summary>The three stanzas (RFC 6120 §8.2).</summary>
public enum StanzaKind
{
    Message,
    Presence,
    Iq,
}

/// <summary>A stanza between a local account and somebody else, as a guard sees it.</summary>
/// <param name="Kind">Message, presence or IQ.</param>
/// <param name="Account">The bare JID of the account whose rules are asked.</param>
/// <param name="Direction">Whether the account's client sends it or it is for the account.</param>
/// <param name="Peer">The other side, as full as the stanza says.</param>
/// <param name="Type">The type attribute; "normal" for a message without, null for presence without.</param>
public readonly record struct GuardedStanza(StanzaKind Kind, Jid Account, MessageDirection Direction, Jid Peer, string? Type);

/// <summary>What a guard says of a stanza.</summary>
public readonly struct GuardVerdict
{
    private GuardVerdict(bool passes, StanzaError? error) => (Passes, Error) = (passes, error);

    public static GuardVerdict Pass { get; } = new(true, null);

    /// <summary>The stanza disappears without a word.</summary>
    public static GuardVerdict Drop { get; } = new(false, null);

    public bool Passes { get; }

    /// <summary>
    /// What its sender is told when it does not pass; null for nothing. Never sent in reply to an error, a result or to presence that
    /// asks nothing.
    /// </summary>
    public StanzaError? Error { get; }

    public static GuardVerdict Refuse(StanzaError error) => new(false, error);
}

/// <summary>
/// Whether a stanza may pass: asked before anything else sees it, for the sender's account and for the recipient's. Completes at once
/// for accounts whose rules are in memory, as those with sessions are.
/// </summary>
public delegate ValueTask<GuardVerdict> StanzaGuard(GuardedStanza stanza, CancellationToken cancellationToken);

/// <summary>
/// The guards of all loaded modules, for whoever takes stanzas to accounts by ways of its own: for messages and IQs the server asks
/// them itself.
/// </summary>
public interface IGuards
{
    /// <summary>False when there are none: then all passes, and nobody has to ask.</summary>
    bool HasGuards { get; }

    /// <summary>Whether a stanza may pass. The first guard that says no decides; what a guard throws, this throws.</summary>
    ValueTask<GuardVerdict> CheckAsync(GuardedStanza stanza, CancellationToken cancellationToken);
}
