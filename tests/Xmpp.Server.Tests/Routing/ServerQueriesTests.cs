using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Xml;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Server.Tests.Routing;

/// <summary>What the server asks of its clients.</summary>
public sealed class ServerQueriesTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData("result")]
    [InlineData("error")]
    public async Task The_answer_of_the_one_who_was_asked_is_the_answer(string type)
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.ConnectAsync("juliet");

        var asked = Ask(server, juliet, "localhost");
        var question = await juliet.ReadAsync();
        Assert.Equal(("get", "localhost", juliet.Jid.ToString()), (question["type"], question["from"], question["to"]));
        Assert.Equal(new Element("urn:test", "query"), question.Elements.Single());
        await juliet.SendAsync($"<iq type='{type}' id='{question["id"]}' to='localhost'><answer xmlns='urn:test'/></iq>");

        var answer = await asked;
        Assert.Equal(type, answer!["type"]);
        Assert.NotNull(answer.Child("urn:test", "answer"));
    }

    [Fact]
    public async Task An_account_can_ask_and_is_answered_with_or_without_its_address()
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.ConnectAsync("juliet");

        foreach (var to in new[] { "to='juliet@localhost'", "" })
        {
            var asked = Ask(server, juliet, "juliet@localhost");
            await juliet.SendAsync($"<iq type='result' id='{(await juliet.ReadAsync())["id"]}' {to}/>");
            Assert.NotNull(await asked);
        }
    }

    [Fact]
    public async Task Nobody_else_can_answer_and_nobody_can_answer_to_somebody_else()
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.ConnectAsync("juliet", "balcony");
        var chamber = await server.ConnectAsync("juliet", "chamber");
        var romeo = await server.ConnectAsync("romeo");

        var asked = Ask(server, juliet, "localhost");
        var id = (await juliet.ReadAsync())["id"];
        foreach (var impostor in new[] { chamber, romeo })
        {
            await impostor.SendAsync($"<iq type='result' id='{id}' to='localhost'><false xmlns='urn:test'/></iq>");
            await impostor.ExpectNothingFromAsync(impostor);
        }
        await juliet.SendAsync($"<iq type='result' id='{id}' to='romeo@localhost'><false xmlns='urn:test'/></iq>");
        await juliet.SendAsync("<iq type='result' id='other' to='localhost'><false xmlns='urn:test'/></iq>");
        await juliet.SendAsync($"<iq type='result' id='{id}' to='localhost'><true xmlns='urn:test'/></iq>");

        Assert.NotNull((await asked)!.Child("urn:test", "true"));
    }

    [Fact]
    public async Task Who_does_not_answer_in_time_has_not_answered()
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.ConnectAsync("juliet");

        var asked = Ask(server, juliet, "localhost");
        var id = (await juliet.ReadAsync())["id"];
        server.Time.Advance(Patience);

        Assert.Null(await asked);
        await juliet.SendAsync($"<iq type='result' id='{id}' to='localhost'/>");
        await juliet.ExpectNothingFromAsync(juliet);
    }

    [Fact]
    public async Task A_session_that_ends_answers_no_more()
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.ConnectAsync("juliet");
        var session = server.Server.Context.Sessions.Find(juliet.Jid)!;

        var asked = Ask(server, juliet, "localhost");
        juliet.Drop();

        Assert.Null(await asked);
        Assert.Null(await Ask(server, session, "localhost"));
    }

    [Fact]
    public async Task Who_answers_nothing_is_soon_asked_no_more()
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.ConnectAsync("juliet");

        var asked = Enumerable.Range(0, 17).Select(_ => Ask(server, juliet, "localhost")).ToList();

        Assert.Null(await asked[16]);
        var id = (await juliet.ReadAsync())["id"];
        await juliet.SendAsync($"<iq type='result' id='{id}' to='localhost'/>");
        Assert.NotNull(await asked[0]);
        Assert.All(asked[1..16], waiting => Assert.False(waiting.IsCompleted));
    }

    [Fact]
    public async Task A_session_that_ended_before_it_was_asked_anything_answers_nothing()
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.ConnectAsync("juliet");
        var session = server.Server.Context.Sessions.Find(juliet.Jid)!;
        await server.Server.Context.EndSessionAsync(session);

        var asked = Ask(server, session, "localhost");

        Assert.True(asked.IsCompleted, "It waits for an answer.");
        Assert.Null(await asked);
    }

    private static Task<Element?> Ask(TestServer server, TestClient client, string from) =>
        Ask(server, server.Server.Context.Sessions.Find(client.Jid)!, from);

    private static Task<Element?> Ask(TestServer server, ISession session, string from) => server.Server.Context.Queries.AskAsync(
        session, Jid.Parse(from), IqType.Get, new Element("urn:test", "query"), Patience, CancellationToken.None).AsTask();
}
