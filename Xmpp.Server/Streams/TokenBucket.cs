namespace Xmpp.Server.Streams;

/// <summary>A token bucket: a sustained rate and a burst above it. A value of its owner, used by one thread at a time.</summary>
internal struct TokenBucket(TimeProvider time)
{
    private double _spent;
    private long _since = time.GetTimestamp();

    /// <summary>Takes tokens, also more than there are, and says how long to wait until the debt is paid.</summary>
    /// <param name="perSecond">The rate; 0 is no limit.</param>
    /// <param name="burst">How much may be taken at once after a rest.</param>
    public TimeSpan Take(int tokens, int perSecond, int burst, TimeProvider time)
    {
        if (perSecond == 0)
            return TimeSpan.Zero;
        var now = time.GetTimestamp();
        var earned = time.GetElapsedTime(_since, now).TotalSeconds * perSecond;
        (_spent, _since) = (Math.Max(0, _spent - earned) + tokens, now);
        return _spent <= burst ? TimeSpan.Zero : TimeSpan.FromSeconds((_spent - burst) / perSecond);
    }
}
