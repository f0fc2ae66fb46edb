using Xmpp.Core;
using Xmpp.Server.Modules;
using Xmpp.Server.Sessions;
using Xunit;

namespace Xmpp.Server.Tests.Sessions;

public sealed class SessionRegistryTests
{
    private readonly SessionRegistry _registry = new(() => new ModuleTable([]));

    [Fact]
    public void A_session_is_found_by_its_full_jid_and_among_those_of_its_account()
    {
        var (balcony, chamber) = (Add("juliet@localhost/balcony"), Add("juliet@localhost/chamber"));
        Add("romeo@localhost/orchard");

        Assert.Same(balcony, _registry.Find(Jid.Parse("juliet@localhost/balcony")));
        Assert.Null(_registry.Find(Jid.Parse("juliet@localhost/orchard")));
        Assert.Null(_registry.Find(Jid.Parse("juliet@example.org/balcony")));
        Assert.Equal([balcony, chamber], _registry.Of(Jid.Parse("juliet@localhost")).ToArray());
        Assert.Equal(3, _registry.Count);
        Assert.Equal(3, _registry.All.Count());
    }

    [Fact]
    public void A_session_that_left_is_nowhere()
    {
        var session = Add("juliet@localhost/balcony");

        Assert.True(_registry.Remove(session));
        Assert.False(_registry.Remove(session));

        Assert.Null(_registry.Find(session.Jid));
        Assert.True(_registry.Of(session.Jid.Bare).IsEmpty);
        Assert.Equal(0, _registry.Count);
        Assert.Empty(_registry.All);
    }

    [Fact]
    public void A_newcomer_takes_the_place_of_the_older_one_or_does_not()
    {
        var old = Add("juliet@localhost/balcony");
        var young = CreateSession("juliet@localhost/balcony");

        Assert.Equal(BindOutcome.Conflict, _registry.TryAdd(young, replace: false, limit: 10, out _));
        Assert.Same(old, _registry.Find(old.Jid));

        Assert.Equal(BindOutcome.Bound, _registry.TryAdd(young, replace: true, limit: 10, out var replaced));
        Assert.Same(old, replaced);
        Assert.Same(young, _registry.Find(old.Jid));
        Assert.Equal(1, _registry.Count);

        // The replaced one leaves late, and takes nobody else with it.
        Assert.False(_registry.Remove(old));
        Assert.Same(young, _registry.Find(old.Jid));
    }

    [Fact]
    public void The_limit_is_the_account_s_and_replacing_needs_no_room()
    {
        Add("juliet@localhost/1", limit: 2);
        Add("juliet@localhost/2", limit: 2);

        Assert.Equal(BindOutcome.TooManySessions, _registry.TryAdd(CreateSession("juliet@localhost/3"), replace: true, limit: 2, out _));
        Assert.Equal(BindOutcome.Bound, _registry.TryAdd(CreateSession("juliet@localhost/2"), replace: true, limit: 2, out _));
        Assert.Equal(BindOutcome.Bound, _registry.TryAdd(CreateSession("romeo@localhost/3"), replace: true, limit: 2, out _));
    }

    [Fact]
    public void A_snapshot_does_not_change()
    {
        var session = Add("juliet@localhost/balcony");
        var snapshot = _registry.Of(session.Jid.Bare);

        Add("juliet@localhost/chamber");
        _registry.Remove(session);

        Assert.Equal([session], snapshot.ToArray());
    }

    [Fact]
    public void Coming_and_going_at_the_same_time_loses_nobody()
    {
        // Accounts become empty all the time, which is where an entry could go missing.
        Parallel.For(0, 8, new ParallelOptions { MaxDegreeOfParallelism = 8 }, worker =>
        {
            for (var i = 0; i < 5_000; i++)
            {
                var session = CreateSession($"juliet@localhost/{worker}");
                Assert.Equal(BindOutcome.Bound, _registry.TryAdd(session, replace: false, limit: 8, out _));
                Assert.Same(session, _registry.Find(session.Jid));
                Assert.True(_registry.Remove(session));
                Assert.Null(_registry.Find(session.Jid));
            }
        });

        Assert.Equal(0, _registry.Count);
        Assert.Empty(_registry.All);
    }

    private ClientSession Add(string jid, int limit = 10)
    {
        var session = CreateSession(jid);
        Assert.Equal(BindOutcome.Bound, _registry.TryAdd(session, replace: false, limit, out _));
        return session;
    }

    /// <summary>A session that nothing is ever sent to, so that it needs neither a server nor a stream.</summary>
    private static ClientSession CreateSession(string jid) =>
        new(server: null!, Jid.Parse(jid), stream: null!, language: null, DateTimeOffset.UnixEpoch);
}
