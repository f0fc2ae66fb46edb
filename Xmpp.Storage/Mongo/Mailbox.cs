namespace Xmpp.Storage.Mongo;

/// <summary>
/// How many messages an account has, in memory while messages are being added: counting them for each would cost more than keeping it.
/// A message counts from before it is written, so of many that come at once no more are kept than there is room.
/// </summary>
/// <param name="count">What there is, as counted when nothing was being added.</param>
/// <param name="countedAt">When.</param>
internal sealed class Mailbox(long count, long countedAt)
{
    private long _count = count;
    private int _adding;
    private bool _isDoubtful;
    private volatile bool _isClosed;

    /// <summary>What is done with it is done under its lock.</summary>
    public Lock Lock { get; } = new();

    /// <summary>True when another one has taken its place, or will.</summary>
    public bool IsClosed => _isClosed;

    /// <summary>Takes room for a message, if there is.</summary>
    public bool TryBegin(int limit)
    {
        if (_count >= limit)
            return false;
        _count++;
        _adding++;
        return true;
    }

    /// <summary>The message is there, or certainly isn't, or nobody knows.</summary>
    public void End(bool? isKept)
    {
        _adding--;
        if (isKept is false)
            _count--;
        _isDoubtful |= isKept is null;
    }

    public void Remove(long removed) => _count -= removed;

    /// <summary>Nobody knows how many there are.</summary>
    public void Doubt() => _isDoubtful = true;

    /// <summary>Closes it, so that it is counted anew, unless messages are on their way.</summary>
    public bool TryClose() => _isClosed = _isClosed || _adding == 0;

    /// <summary>Whether it had better be counted anew.</summary>
    public bool IsStale(TimeProvider time, TimeSpan maxAge) => _isDoubtful || time.GetElapsedTime(countedAt) >= maxAge;
}
