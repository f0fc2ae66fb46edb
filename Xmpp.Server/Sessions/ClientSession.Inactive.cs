using Xmpp.Server.Transport;

namespace Xmpp.Server.Sessions;

/// <content>
/// A client that nobody looks at (XEP-0352): what it needs not have now is held, also while its connection is lost. Before something that
/// it needs goes out what is held of the same sender, so that these stay in order. Held is what is worth nothing once the session is
/// over; it is counted (XEP-0198) when it is really sent.
/// </content>
internal sealed partial class ClientSession
{
    /// <summary>Null while the client is active, as it always begins.</summary>
    private HeldStanzas? _held;

    public bool IsInactive => Volatile.Read(ref _held) is not null;

    /// <summary>From now on what the client needs not have at once is held.</summary>
    public void BecomeInactive()
    {
        lock (_gate)
            _held ??= new();
    }

    /// <summary>Sends what was held; from now on everything goes out at once.</summary>
    public void BecomeActive()
    {
        using (OutputBatch.Begin())
        {
            lock (_gate)
                Activate();
        }
    }

    /// <summary>A copy of a stanza that the client can wait for; null for all others, and while the client is active.</summary>
    /// <param name="from">Its sender; null while the client is active.</param>
    private HeldStanza? Holdable(ReadOnlySpan<byte> stanza, out string? from)
    {
        from = null;
        return !IsInactive ? null : HeldStanza.Of(
            stanza, Jid, _server.Current.Options.ClientState, _server.Time.GetUtcNow(), out from);
    }

    /// <summary>Holds a stanza if it can wait and the client is (still) inactive; else makes way for it. In the gate.</summary>
    private bool TryHold(HeldStanza? stanza, string? from)
    {
        if (_held is not { } held)
            return false;
        if (stanza is null)
        {
            if (from is not null)
                Transmit(held.TakeFrom(from));
            return false;
        }
        held.Add(stanza);
        if (held.IsOverLimit(_server.Current.Options.ClientState))
            Transmit(held.Take());
        return true;
    }

    /// <summary>In the gate.</summary>
    private void Activate()
    {
        if (_held is not { } held)
            return;
        Volatile.Write(ref _held, null);
        Transmit(held.Take());
    }

    private void Transmit(IEnumerable<HeldStanza> stanzas)
    {
        foreach (var stanza in stanzas)
            Transmit(stanza.Bytes.Span, stanza.SentAt, copies: null, origin: default);
    }
}
