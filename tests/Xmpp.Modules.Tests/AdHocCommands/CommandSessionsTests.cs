using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Modules;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Modules.Tests;

/// <summary>How many commands are remembered, and for how long.</summary>
public sealed class CommandSessionsTests
{
    private static readonly AdHocCommand Command = new(
        "node", "Name", IqTarget.Server, CommandAccess.Accounts, (_, _) => new(CommandStep.Done("")));

    private readonly ManualTime _time = new();

    [Fact]
    public void There_are_never_more_than_may_be_and_the_expired_make_room()
    {
        var sessions = new CommandSessions(new() { Max = 3, MaxPerAccount = 2, Timeout = TimeSpan.FromMinutes(1) }, _time);
        Assert.True(sessions.TryAdd(New(sessions, "juliet@localhost/a")));
        Assert.True(sessions.TryAdd(New(sessions, "romeo@localhost/a")));
        Assert.True(sessions.TryAdd(New(sessions, "nurse@localhost/a")));

        Assert.False(sessions.TryAdd(New(sessions, "tybalt@localhost/a")));
        Assert.Equal(3, sessions.Count);

        _time.Advance(TimeSpan.FromMinutes(1));

        Assert.True(sessions.TryAdd(New(sessions, "tybalt@localhost/a")));
        Assert.Equal(1, sessions.Count);
    }

    [Fact]
    public void What_is_taken_is_gone_until_it_is_put_back()
    {
        var sessions = new CommandSessions(new(), _time);
        var session = New(sessions, "juliet@localhost/a");
        sessions.TryAdd(session);

        Assert.Same(session, sessions.Take(session.Id, session.Requester));
        Assert.Null(sessions.Take(session.Id, session.Requester));
        Assert.Equal(0, sessions.Count);
    }

    [Fact]
    public void Ids_differ_and_are_those_of_one_registry_only()
    {
        var (sessions, others) = (new CommandSessions(new(), _time), new CommandSessions(new(), _time));
        var (requester, entity) = (Jid.Parse("juliet@localhost/a"), Jid.Parse("localhost"));
        var ids = Enumerable.Range(0, 100).Select(_ => sessions.CreateId(requester, entity, "node")).ToHashSet();

        Assert.Equal(100, ids.Count);
        Assert.All(ids, id =>
        {
            Assert.True(sessions.IsOurs(id, requester, entity, "node"));
            Assert.False(others.IsOurs(id, requester, entity, "node"));
        });
    }

    private static CommandSession New(CommandSessions sessions, string requester)
    {
        var jid = Jid.Parse(requester);
        var session = new CommandSession(sessions.CreateId(jid, Jid.Parse("localhost"), Command.Node), Command, jid);
        session.Ask(new CommandQuestion(new DataForm(DataFormType.Form), (_, _, _) => new(CommandStep.Done("")), IsLast: true));
        return session;
    }
}
