using Xmpp.Server.Streams;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Server.Tests.Streams;

public sealed class TokenBucketTests
{
    private const int PerSecond = 100;
    private const int Burst = 1000;

    private readonly ManualTime _time = new();

    [Fact]
    public void A_burst_is_free_and_what_goes_beyond_it_is_paid_by_time()
    {
        var bucket = new TokenBucket(_time);

        Assert.Equal(TimeSpan.Zero, bucket.Take(Burst, PerSecond, Burst, _time));
        Assert.Equal(TimeSpan.FromSeconds(2), bucket.Take(200, PerSecond, Burst, _time));
    }

    [Fact]
    public void Whoever_waits_as_long_as_told_keeps_the_rate()
    {
        var bucket = new TokenBucket(_time);
        bucket.Take(Burst, PerSecond, Burst, _time);
        var start = _time.GetUtcNow();

        for (var i = 0; i < 50; i++)
            _time.Advance(bucket.Take(70, PerSecond, Burst, _time));

        Assert.Equal(TimeSpan.FromSeconds(50 * 70 / PerSecond), _time.GetUtcNow() - start);
    }

    [Fact]
    public void A_rest_earns_no_more_than_what_was_spent()
    {
        var bucket = new TokenBucket(_time);
        _time.Advance(TimeSpan.FromHours(1));

        Assert.Equal(TimeSpan.FromSeconds(90), bucket.Take(10 * Burst, PerSecond, Burst, _time));
    }

    [Fact]
    public void After_a_rest_there_is_a_burst_again()
    {
        var bucket = new TokenBucket(_time);
        bucket.Take(3 * Burst, PerSecond, Burst, _time);
        _time.Advance(TimeSpan.FromMinutes(5));

        Assert.Equal(TimeSpan.Zero, bucket.Take(Burst, PerSecond, Burst, _time));
    }

    [Fact]
    public void However_long_the_rest_was_there_is_one_burst()
    {
        var bucket = new TokenBucket(_time);
        _time.Advance(TimeSpan.FromHours(1));
        var taken = 0;
        while (bucket.Take(10, PerSecond, Burst, _time) == TimeSpan.Zero)
            taken += 10;

        Assert.Equal(Burst, taken);
    }

    [Fact]
    public void Without_a_rate_nothing_is_counted()
    {
        var bucket = new TokenBucket(_time);
        for (var i = 0; i < 10; i++)
            Assert.Equal(TimeSpan.Zero, bucket.Take(int.MaxValue, perSecond: 0, Burst, _time));
    }
}
