using System.Globalization;
using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;

namespace Xmpp.Modules.Rooms;

/// <summary>
/// XEP-0500 MUC Slow Mode: how long somebody waits between two messages to the same room, whichever nick and session it is. Owners and
/// admins aren't held back (§5).
/// </summary>
[Xep(500, "0.1.1")]
internal sealed class SlowMode
{
    private readonly Dictionary<Jid, DateTimeOffset> _last = [];
    private DateTimeOffset _sweep;

    /// <summary>Takes note of a message with a body.</summary>
    /// <param name="user">A bare JID.</param>
    /// <param name="pause">What has to lie between two of them; zero when the room has no slow mode.</param>
    /// <returns>What the sender is told when it is too early, or null.</returns>
    public StanzaError? Take(Jid user, TimeSpan pause, DateTimeOffset now)
    {
        if (pause <= TimeSpan.Zero)
            return null;
        if (_last.TryGetValue(user, out var last) && now - last < pause)
        {
            var seconds = pause.TotalSeconds.ToString("0", CultureInfo.InvariantCulture);
            return new(StanzaErrorCondition.PolicyViolation, StanzaErrorType.Wait, $"This room is in slow mode: one message in {seconds} s.");
        }
        Forget(pause, now);
        _last[user] = now;
        return null;
    }

    /// <summary>Once in a pause, so that only those are remembered whom it concerns.</summary>
    private void Forget(TimeSpan pause, DateTimeOffset now)
    {
        if (now < _sweep)
            return;
        foreach (var (user, last) in _last)
        {
            if (now - last >= pause)
                _last.Remove(user);
        }
        _sweep = now + pause;
    }
}
