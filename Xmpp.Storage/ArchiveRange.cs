using Xmpp.Core.Storage;

namespace Xmpp.Storage;

/// <summary>
/// The ids that a query leaves, both ends included. What is between two times is between two ids, since ids begin with the time.
/// </summary>
internal readonly record struct ArchiveRange(UInt128 Low, UInt128 High)
{
    private const int RandomBits = 80;

    /// <summary>Milliseconds since 1970 that an id can hold.</summary>
    private const long LastTime = (1L << (128 - RandomBits)) - 1;

    public static readonly ArchiveRange All = new(UInt128.MinValue, UInt128.MaxValue);

    public static ArchiveRange Only(UInt128 id) => new(id, id);

    public bool IsEmpty => Low > High;

    /// <summary>The time that an id tells.</summary>
    public static DateTimeOffset TimeOf(UInt128 id) => DateTimeOffset.FromUnixTimeMilliseconds(
        Math.Min((long)(id >> RandomBits), DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()));

    public static ArchiveRange Of(ArchiveQuery query)
    {
        var range = All;
        if (query.Start is { } start)
            range = range.From(start);
        if (query.End is { } end)
            range = range.Until(end);
        if (query.After is { } after)
            range = range.Behind(after.Value);
        if (query.Before is { } before)
            range = range.InFrontOf(before.Value);
        return range;
    }

    /// <summary>At this time or later; ids know milliseconds.</summary>
    public ArchiveRange From(DateTimeOffset start)
    {
        var time = start.ToUnixTimeMilliseconds();
        if (start.Ticks % TimeSpan.TicksPerMillisecond != 0)
            time++;
        return time <= 0 ? this : time > LastTime ? Nothing : this with { Low = Max(Low, (UInt128)time << RandomBits) };
    }

    /// <summary>At this time or earlier.</summary>
    public ArchiveRange Until(DateTimeOffset end)
    {
        var time = end.ToUnixTimeMilliseconds();
        return time < 0 ? Nothing : time >= LastTime ? this : this with { High = Min(High, ((UInt128)(time + 1) << RandomBits) - 1) };
    }

    /// <summary>Earlier than this time.</summary>
    public ArchiveRange Before(DateTimeOffset time) => Until(time.AddTicks(-1));

    public ArchiveRange Behind(UInt128 id) => id == UInt128.MaxValue ? Nothing : this with { Low = Max(Low, id + 1) };

    public ArchiveRange InFrontOf(UInt128 id) => id == UInt128.MinValue ? Nothing : this with { High = Min(High, id - 1) };

    private static ArchiveRange Nothing => new(UInt128.MaxValue, UInt128.MinValue);

    private static UInt128 Max(UInt128 left, UInt128 right) => left > right ? left : right;

    private static UInt128 Min(UInt128 left, UInt128 right) => left < right ? left : right;
}
