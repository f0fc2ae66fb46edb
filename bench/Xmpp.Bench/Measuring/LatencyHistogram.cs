using System.Numerics;

namespace Xmpp.Bench.Measuring;

/// <summary>Durations in buckets 1/32 of their size wide (3 % error at most), so that recording allocates nothing.</summary>
internal sealed class LatencyHistogram
{
    private const int SubBucketBits = 5;
    private const int SubBuckets = 1 << SubBucketBits;

    private readonly long[] _counts = new long[(64 - SubBucketBits + 1) * SubBuckets];

    public long Count { get; private set; }

    public void Record(TimeSpan duration)
    {
        var nanoseconds = Math.Max(0, (long)duration.TotalNanoseconds);
        _counts[IndexOf(nanoseconds)]++;
        Count++;
    }

    public void Add(LatencyHistogram other)
    {
        for (var i = 0; i < _counts.Length; i++)
            _counts[i] += other._counts[i];
        Count += other.Count;
    }

    /// <summary>The upper end of the bucket that holds the given quantile (0 to 1); zero when nothing was recorded.</summary>
    public TimeSpan Quantile(double quantile)
    {
        var rank = (long)Math.Ceiling(quantile * Count);
        long seen = 0;
        for (var i = 0; i < _counts.Length && Count > 0; i++)
        {
            seen += _counts[i];
            if (seen >= rank && seen > 0)
                return TimeSpan.FromTicks(UpperEnd(i) / TimeSpan.NanosecondsPerTick);
        }
        return TimeSpan.Zero;
    }

    // Values below SubBuckets have a bucket each; above, the top bits after the leading one select the bucket.
    private static int IndexOf(long value)
    {
        if (value < SubBuckets)
            return (int)value;
        var shift = BitOperations.Log2((ulong)value) - SubBucketBits;
        return ((shift + 1) << SubBucketBits) + (int)(value >> shift) - SubBuckets;
    }

    private static long UpperEnd(int index)
    {
        if (index < SubBuckets)
            return index;
        var shift = (index >> SubBucketBits) - 1;
        return ((long)((index & (SubBuckets - 1)) + SubBuckets + 1) << shift) - 1;
    }
}
