namespace Xmpp.Core.Storage;

/// <summary>How an account's last available resource left.</summary>
/// <param name="At">When.</param>
/// <param name="Presence">Its presence of type "unavailable" without 'to', as UTF-8 for "jabber:client".</param>
public sealed record LastSeen(DateTimeOffset At, ReadOnlyMemory<byte> Presence);

/// <summary>When accounts were last available (RFC 6121 §4.3.2, XEP-0012).</summary>
public interface ILastSeenStore
{
    /// <summary>Null when there is no such account, or it was never available.</summary>
    ValueTask<LastSeen?> FindAsync(Jid account, CancellationToken cancellationToken);

    /// <summary>Notes it. May be committed later than the task completes, together with others: losing one in a crash is no loss.</summary>
    ValueTask SetAsync(Jid account, LastSeen seen, CancellationToken cancellationToken);
}
