using System.Net;
using Xmpp.Core.Sasl;
using Xunit;

namespace Xmpp.Core.Tests.Sasl;

public sealed class AuthenticationThrottleTests
{
    private static readonly IPAddress _here = IPAddress.Parse("192.0.2.1");
    private static readonly IPAddress _there = IPAddress.Parse("192.0.2.2");
    private static readonly Jid _user = Jid.Parse("user@example.org");
    private static readonly Jid _other = Jid.Parse("other@example.org");

    private readonly ManualTime _time = new();
    private readonly SaslScene _scene = new();
    private readonly AuthenticationThrottle _throttle;

    public AuthenticationThrottleTests() =>
        _throttle = new(new(MaxPerAccount: 3, MaxPerAddress: 5, Window: TimeSpan.FromSeconds(60), MaxTracked: 4), _time);

    [Fact]
    public void An_account_waits_after_its_limit_of_failures_wherever_they_came_from()
    {
        Fail(_user, _here, 2);
        Assert.True(IsAllowed(_user, _there));
        Fail(_user, _there, 1);

        Assert.False(IsAllowed(_user, IPAddress.Parse("192.0.2.3")));
        Assert.True(IsAllowed(_other, _here));
        Assert.True(IsAllowed(null, _here));
    }

    [Fact]
    public void An_address_waits_after_its_limit_of_failures_whomever_it_tried()
    {
        Fail(_user, _here, 2);
        Fail(_other, _here, 2);
        Fail(null, _here, 1);

        Assert.False(IsAllowed(Jid.Parse("third@example.org"), _here));
        Assert.False(IsAllowed(null, _here));
        Assert.True(IsAllowed(_user, _there));
        Assert.True(IsAllowed(_user, null));
    }

    [Fact]
    public void The_window_slides()
    {
        for (var i = 0; i < 3; i++)
        {
            Fail(_user, null, 1);
            _time.Advance(TimeSpan.FromSeconds(10));
        }

        // Failures at 0, 10 and 20 s; it is 30 s. The first leaves the window at 60 s.
        Assert.False(_throttle.IsAllowed(_user, null, out var wait));
        Assert.Equal(TimeSpan.FromSeconds(30), wait);
        _time.Advance(TimeSpan.FromSeconds(30));
        Assert.True(_throttle.IsAllowed(_user, null, out wait));
        Assert.Equal(TimeSpan.Zero, wait);

        Fail(_user, null, 1);
        Assert.False(_throttle.IsAllowed(_user, null, out wait));
        Assert.Equal(TimeSpan.FromSeconds(10), wait);
    }

    [Fact]
    public void The_longer_wait_counts()
    {
        Fail(_user, null, 3);
        _time.Advance(TimeSpan.FromSeconds(20));
        Fail(null, _here, 5);

        Assert.False(_throttle.IsAllowed(_user, _here, out var wait));
        Assert.Equal(TimeSpan.FromSeconds(60), wait);
    }

    [Theory]
    [InlineData("2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff", true)]
    [InlineData("2001:db8::1", "2001:db8:0:1::1", false)]
    [InlineData("::ffff:192.0.2.1", "192.0.2.1", true)]
    [InlineData("::ffff:192.0.2.1", "::ffff:192.0.2.2", false)]
    [InlineData("fe80::1%3", "fe80::2%4", true)]
    public void An_IPv6_network_counts_as_one_address_and_a_mapped_IPv4_address_as_itself(string one, string another, bool same)
    {
        Fail(null, IPAddress.Parse(one), 5);

        Assert.Equal(!same, IsAllowed(null, IPAddress.Parse(another)));
    }

    [Fact]
    public void Memory_is_bounded_and_the_longest_quiet_is_forgotten_first()
    {
        for (var i = 0; i < 4; i++)
            Fail(Jid.Parse($"u{i}@example.org"), null, 3);
        Fail(Jid.Parse("u0@example.org"), null, 1);
        Fail(_user, null, 3);

        Assert.Equal(4, _throttle.Tracked);
        Assert.True(IsAllowed(Jid.Parse("u1@example.org"), null));
        Assert.False(IsAllowed(Jid.Parse("u0@example.org"), null));
        Assert.False(IsAllowed(_user, null));
    }

    [Fact]
    public void What_has_left_the_window_leaves_memory_at_the_next_failure()
    {
        Fail(_user, _here, 2);
        Fail(_other, _there, 2);
        Assert.Equal(4, _throttle.Tracked);
        _time.Advance(TimeSpan.FromSeconds(60));

        Fail(_user, _here, 1);

        Assert.Equal(2, _throttle.Tracked);
    }

    [Fact]
    public async Task After_too_many_failures_the_right_password_is_answered_like_a_wrong_one()
    {
        for (var i = 0; i < 3; i++)
            SaslScene.AssertFails(SaslFailureCondition.NotAuthorized, await LogIn("user", "wrong", _here));

        SaslScene.AssertFails(SaslFailureCondition.TemporaryAuthFailure, await LogIn("user", "pencil", _there));
        SaslScene.AssertFails(SaslFailureCondition.TemporaryAuthFailure, await LogIn("user", "wrong", _there));
        SaslScene.AssertFails(SaslFailureCondition.NotAuthorized, await LogIn("other", "pencil", _there));
        _time.Advance(TimeSpan.FromSeconds(60));
        SaslScene.AssertSucceeds(await LogIn("user", "pencil", _there));
    }

    [Fact]
    public async Task Attempts_at_an_account_that_waits_count_for_their_address_and_do_not_prolong_the_wait()
    {
        for (var i = 0; i < 3; i++)
            await LogIn("user", "wrong", _here);
        _time.Advance(TimeSpan.FromSeconds(30));
        for (var i = 0; i < 5; i++)
            await LogIn("user", "wrong", _there);

        Assert.False(IsAllowed(null, _there));
        _time.Advance(TimeSpan.FromSeconds(30));
        SaslScene.AssertSucceeds(await LogIn("user", "pencil", _here));
    }

    [Fact]
    public async Task An_address_that_waits_costs_no_look_up()
    {
        Fail(null, _here, 5);

        SaslScene.AssertFails(SaslFailureCondition.TemporaryAuthFailure, await LogIn("user", "pencil", _here));
        Assert.Equal(0, _scene.Accounts.Lookups);
    }

    [Theory]
    [InlineData("", "pencil", SaslFailureCondition.MalformedRequest)]
    [InlineData("banned", "pencil", SaslFailureCondition.AccountDisabled)]
    public async Task Only_wrong_credentials_count(string name, string password, SaslFailureCondition condition)
    {
        for (var i = 0; i < 6; i++)
            SaslScene.AssertFails(condition, await LogIn(name, password, _here));
        Assert.Equal(0, _throttle.Tracked);
    }

    /// <summary>RFC 5802 §6 has both fail, but no password was guessed: slixmpp tries each before it falls back to PLAIN.</summary>
    [Theory]
    [InlineData("SCRAM-SHA-256", "y,,n=user,r=abc")]
    [InlineData("SCRAM-SHA-256-PLUS", "p=tls-unique,,n=user,r=abc")]
    public async Task A_channel_binding_that_does_not_fit_does_not_count(string mechanism, string message)
    {
        var mechanisms = new SaslMechanisms(["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"], _scene.Decoys);
        var context = mechanisms.Offer(_scene.Context with { ChannelBinding = new FakeChannelBinding(("tls-exporter", "data")) });
        for (var i = 0; i < 6; i++)
        {
            Assert.True(mechanisms.TryStart(context, mechanism, out var exchange, out _));
            SaslScene.AssertFails(
                SaslFailureCondition.NotAuthorized, await SaslScene.Send(_throttle.Guard(exchange, SaslScene.Host, _here), message));
        }
        Assert.Equal(0, _throttle.Tracked);
    }

    private Task<SaslOutcome> LogIn(string name, string password, IPAddress address) => SaslScene.Send(
        _throttle.Guard(new PlainMechanism(_scene.Decoys).Start(_scene.Context), SaslScene.Host, address), $"\0{name}\0{password}");

    private bool IsAllowed(Jid? account, IPAddress? address) => _throttle.IsAllowed(account, address, out _);

    private void Fail(Jid? account, IPAddress? address, int times)
    {
        for (var i = 0; i < times; i++)
            _throttle.RecordFailure(account, address);
    }

    private sealed class ManualTime : TimeProvider
    {
        private long _now = 1_000_000;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _now;

        public void Advance(TimeSpan by) => _now += by.Ticks;
    }
}
