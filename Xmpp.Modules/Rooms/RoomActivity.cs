using Xmpp.Core.Modules;

namespace Xmpp.Modules.Rooms;

/// <summary>
/// XEP-0502 MUC Activity Indicator: how many messages an hour a room has, from those of the last 24 whole hours. What was said before it was
/// loaded isn't known.
/// </summary>
[Xep(502, "0.1.0")]
internal sealed class RoomActivity(DateTimeOffset since)
{
    private const int Hours = 24;

    // The hour that is going on, and those before it: a ring.
    private readonly int[] _counts = new int[Hours + 1];
    private readonly long _first = HourOf(since);
    private long _hour = HourOf(since);

    /// <summary>A message with a body, to all, that corrects none.</summary>
    public void Count(DateTimeOffset now)
    {
        Advance(now);
        _counts[(int)(_hour % _counts.Length)]++;
    }

    /// <summary>Messages an hour; null until one hour is over.</summary>
    public double? PerHour(DateTimeOffset now)
    {
        Advance(now);
        var hours = Math.Min(Hours, _hour - _first);
        return hours == 0 ? null : (_counts.Sum() - _counts[(int)(_hour % _counts.Length)]) / (double)hours;
    }

    private void Advance(DateTimeOffset now)
    {
        var hour = HourOf(now);
        for (var left = Math.Min(hour - _hour, _counts.Length); left > 0; left--)
            _counts[(int)((hour - left + 1) % _counts.Length)] = 0;
        _hour = Math.Max(_hour, hour);
    }

    private static long HourOf(DateTimeOffset time) => time.ToUnixTimeSeconds() / 3600;
}
