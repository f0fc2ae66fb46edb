using System.Net;
using Xmpp.Server.Hosting;
using Xmpp.Server.Streams;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Server.Tests.Streams;

public sealed class ConnectionLimiterTests
{
    private static readonly IPAddress Somebody = IPAddress.Parse("192.0.2.1");
    private static readonly IPAddress SomebodyElse = IPAddress.Parse("192.0.2.2");

    private readonly ManualTime _time = new();
    private readonly CoarseClock _clock;
    private LimitOptions _limits = new() { Connections = 3, ConnectionsPerAddress = 2, ConnectionAttemptsPerMinutePerAddress = 100 };

    public ConnectionLimiterTests() => _clock = new CoarseClock(_time);

    [Fact]
    public void An_address_has_its_share_and_all_together_have_a_limit()
    {
        var limiter = CreateLimiter();

        Assert.True(limiter.TryAcquire(Somebody));
        Assert.True(limiter.TryAcquire(Somebody));
        Assert.False(limiter.TryAcquire(Somebody));
        Assert.True(limiter.TryAcquire(SomebodyElse));
        Assert.False(limiter.TryAcquire(SomebodyElse));
        Assert.Equal(3, limiter.Open);
    }

    [Fact]
    public void A_connection_that_ends_makes_room()
    {
        var limiter = CreateLimiter();
        limiter.TryAcquire(Somebody);
        limiter.TryAcquire(Somebody);

        limiter.Release(Somebody);

        Assert.True(limiter.TryAcquire(Somebody));
        Assert.Equal(2, limiter.Open);
    }

    [Theory]
    [InlineData("2001:db8::1", "2001:db8::2", true)]
    [InlineData("2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff", true)]
    [InlineData("2001:db8::1", "2001:db8:0:1::1", false)]
    [InlineData("192.0.2.1", "::ffff:192.0.2.1", true)]
    [InlineData("::ffff:192.0.2.1", "::ffff:192.0.2.2", false)]
    public void Addresses_of_one_network_count_as_one(string first, string second, bool isSame)
    {
        _limits = _limits with { ConnectionsPerAddress = 1 };
        var limiter = CreateLimiter();
        limiter.TryAcquire(IPAddress.Parse(first));

        Assert.Equal(!isSame, limiter.TryAcquire(IPAddress.Parse(second)));
    }

    [Fact]
    public void Attempts_are_limited_by_the_minute()
    {
        _limits = _limits with { ConnectionAttemptsPerMinutePerAddress = 5 };
        var limiter = CreateLimiter();
        for (var i = 0; i < 5; i++)
        {
            Assert.True(limiter.TryAcquire(Somebody));
            limiter.Release(Somebody);
        }

        Assert.False(limiter.TryAcquire(Somebody));
        Assert.True(limiter.TryAcquire(SomebodyElse));

        _time.Advance(TimeSpan.FromSeconds(60));
        _clock.Advance();
        Assert.True(limiter.TryAcquire(Somebody));
    }

    [Fact]
    public void Open_connections_survive_the_minute()
    {
        var limiter = CreateLimiter();
        limiter.TryAcquire(Somebody);
        limiter.TryAcquire(Somebody);

        _time.Advance(TimeSpan.FromMinutes(2));
        _clock.Advance();

        Assert.False(limiter.TryAcquire(Somebody));
        limiter.Release(Somebody);
        limiter.Release(Somebody);
        Assert.Equal(0, limiter.Open);
    }

    [Fact]
    public void Limits_are_those_of_now()
    {
        var limiter = CreateLimiter();
        limiter.TryAcquire(Somebody);
        limiter.TryAcquire(Somebody);

        _limits = _limits with { ConnectionsPerAddress = 3 };

        Assert.True(limiter.TryAcquire(Somebody));
    }

    private ConnectionLimiter CreateLimiter() => new(() => _limits, _clock);
}
