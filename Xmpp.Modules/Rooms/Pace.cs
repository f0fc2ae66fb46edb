namespace Xmpp.Modules.Rooms;

/// <summary>How fast somebody sends: what was sent is worked off at the average rate, and more than may come at once is too much.</summary>
internal sealed class Pace
{
    private long _freeAt;

    /// <summary>Counts one; false when it is too much.</summary>
    /// <param name="now">In ticks of 100 ns.</param>
    public bool Take(long now, int perSecond, int burst)
    {
        var each = TimeSpan.TicksPerSecond / perSecond;
        var free = Math.Max(_freeAt, now - burst * each) + each;
        if (free > now)
            return false;
        _freeAt = free;
        return true;
    }
}
