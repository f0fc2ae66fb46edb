using Xmpp.Server.Sessions.Journal;

namespace Xmpp.Server.Sessions;

/// <summary>
/// A message that several sessions of an account got at once. It counts as lost only when none of their clients has acknowledged it.
/// </summary>
/// <param name="count">How many sessions, all of which expect an acknowledgement.</param>
internal sealed class Copies(int count)
{
    private int _left = count;
    private volatile bool _isSafe;

    /// <summary>For what is kept elsewhere too, or was sent to somebody who acknowledges nothing: it is never lost.</summary>
    public static Copies Elsewhere { get; } = new(0) { _isSafe = true };

    public static CopyKind KindOf(Copies? copies) =>
        copies is null ? CopyKind.Only : copies == Elsewhere ? CopyKind.Elsewhere : CopyKind.Shared;

    /// <summary>What messages share that several sessions had got when the process before ended.</summary>
    public static IReadOnlyDictionary<StanzaOrigin, Copies> Group(IEnumerable<StanzaRecord> stanzas) => stanzas
        .Where(stanza => stanza.Copies == CopyKind.Shared && stanza.Origin != default)
        .GroupBy(stanza => stanza.Origin)
        .ToDictionary(group => group.Key, group => new Copies(group.Count()));

    /// <summary>A client has it.</summary>
    public void Acknowledge() => _isSafe = true;

    /// <summary>One session is over without having acknowledged it. True when it was the last of them.</summary>
    public bool LoseOne() => !_isSafe && Interlocked.Decrement(ref _left) == 0 && !_isSafe;
}

/// <summary>Who else has a stanza that was sent to a session.</summary>
internal enum CopyKind : byte
{
    Only,

    /// <summary>It is kept elsewhere too, or nobody misses it.</summary>
    Elsewhere,

    /// <summary>Other sessions of the account.</summary>
    Shared,
}
