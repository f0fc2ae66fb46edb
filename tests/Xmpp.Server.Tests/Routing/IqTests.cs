using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Server.Tests.Routing;

/// <summary>Every request gets exactly one reply, and nothing else does (RFC 6120 §8.2.3).</summary>
public sealed class IqTests
{
    private static readonly XmlName Query = new("urn:test", "query");

    [Theory]
    [InlineData("<iq type='get' id='1' to='TO'/>", StanzaErrorCondition.BadRequest)]
    [InlineData("<iq type='set' id='1' to='TO'/>", StanzaErrorCondition.BadRequest)]
    [InlineData("<iq type='get' id='1' to='TO'>text</iq>", StanzaErrorCondition.BadRequest)]
    [InlineData("<iq type='get' id='1' to='TO'><a xmlns='urn:test'/><b xmlns='urn:test'/></iq>", StanzaErrorCondition.BadRequest)]
    [InlineData("<iq type='get' to='TO'><query xmlns='urn:test'/></iq>", StanzaErrorCondition.BadRequest)]
    [InlineData("<iq id='1' to='TO'><query xmlns='urn:test'/></iq>", StanzaErrorCondition.BadRequest)]
    [InlineData("<iq type='subscribe' id='1' to='TO'><query xmlns='urn:test'/></iq>", StanzaErrorCondition.BadRequest)]
    [InlineData("<iq type='get' id='1' to='a@b@c'><query xmlns='urn:test'/></iq>", StanzaErrorCondition.JidMalformed)]
    public async Task What_is_no_request_is_refused_to_whomever_it_goes(string xml, StanzaErrorCondition condition)
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.ConnectAsync("romeo");
        var juliet = await server.ConnectAsync("juliet");

        foreach (var to in new[] { "localhost", "juliet@localhost", juliet.Jid.ToString(), "example.org" })
        {
            await romeo.SendAsync(xml.Replace("TO", to, StringComparison.Ordinal));
            await romeo.ExpectErrorAsync(condition);
        }
        await juliet.ExpectNothingFromAsync(romeo);
    }

    [Theory]
    [InlineData("localhost", StanzaErrorCondition.ServiceUnavailable)]
    [InlineData("localhost/resource", StanzaErrorCondition.ServiceUnavailable)]
    [InlineData("romeo@localhost", StanzaErrorCondition.ServiceUnavailable)]
    [InlineData("juliet@localhost", StanzaErrorCondition.ServiceUnavailable)]
    [InlineData("nobody@localhost", StanzaErrorCondition.ServiceUnavailable)]
    [InlineData("juliet@localhost/gone", StanzaErrorCondition.ServiceUnavailable)]
    [InlineData("example.org", StanzaErrorCondition.RemoteServerNotFound)]
    [InlineData("juliet@example.org/balcony", StanzaErrorCondition.RemoteServerNotFound)]
    [Rfc6121("8.5.1-1", "8.5.2.1.3-1", "8.5.2.1.3-2", "8.5.2.2.3-1", "8.5.2.2.3-2", "8.5.3.2.3-1")]
    public async Task A_request_that_nobody_understands_is_answered_once(string to, StanzaErrorCondition condition)
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.ConnectAsync("romeo");

        await romeo.SendAsync($"<iq type='get' id='1' to='{to}'><query xmlns='urn:test'/></iq>");

        var error = await romeo.ExpectErrorAsync(condition);
        Assert.Equal(("1", to, romeo.Jid.ToString()), (error["id"], error["from"], error["to"]));
        await romeo.ExpectNothingFromAsync(romeo);
    }

    [Theory]
    [InlineData("localhost")]
    [InlineData("juliet@localhost")]
    [InlineData("juliet@localhost/gone")]
    [InlineData("example.org")]
    [InlineData("a@b@c")]
    public async Task Results_and_errors_are_never_answered(string to)
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.ConnectAsync("romeo");

        await romeo.SendAsync($"<iq type='result' id='1' to='{to}'/><iq type='error' id='2' to='{to}'/><iq type='error' to='{to}'/>");

        await romeo.ExpectNothingFromAsync(romeo);
    }

    [Fact]
    [Rfc6121("8.5.3.1-1")]
    public async Task Two_resources_ask_each_other_through_the_server()
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.ConnectAsync("romeo", "orchard");
        var juliet = await server.ConnectAsync("juliet", "balcony");
        await juliet.SendAsync($"<presence to='{romeo.Jid}'/>");
        await romeo.ReadAsync();

        await romeo.SendAsync($"<iq type='get' id='1' to='{juliet.Jid}'><query xmlns='urn:test'/></iq>");
        await juliet.ExpectAsync($"<iq type='get' id='1' from='{romeo.Jid}' to='{juliet.Jid}'><query xmlns='urn:test'/></iq>");
        await juliet.SendAsync($"<iq type='result' id='1' to='{romeo.Jid}'><query xmlns='urn:test'/></iq>");
        await romeo.ExpectAsync($"<iq type='result' id='1' from='{juliet.Jid}' to='{romeo.Jid}'><query xmlns='urn:test'/></iq>");

        await romeo.SendAsync($"<iq type='set' id='2' to='{juliet.Jid}'><query xmlns='urn:test'/></iq>");
        await juliet.ReadAsync();
        await juliet.SendAsync($"<iq type='error' id='2' to='{romeo.Jid}'/>");
        await romeo.ExpectAsync($"<iq type='error' id='2' from='{juliet.Jid}' to='{romeo.Jid}'/>");
    }

    [Theory]
    [InlineData("to='localhost'", IqTarget.Server)]
    [InlineData("to='juliet@localhost'", IqTarget.OwnAccount)]
    [InlineData("", IqTarget.OwnAccount)]
    [InlineData("to='romeo@localhost'", IqTarget.OtherAccount)]
    public async Task A_handler_learns_who_asks_whom(string to, IqTarget target)
    {
        IqRequest? seen = null;
        string? text = null;
        await using var server = await TestServer.StartAsync(null, module =>
            module.Iq(IqType.Set, target, Query, (request, _) =>
            {
                (seen, text) = (request, request.Payload.Text);
                return new(IqReply.Result(new Element(Query, "answer")));
            }));
        var juliet = await server.ConnectAsync("juliet");

        await juliet.SendAsync($"<iq type='set' id='1' {to}><query xmlns='urn:test'>question</query></iq>");

        var from = to.Replace("to=", "from=", StringComparison.Ordinal);
        await juliet.ExpectAsync($"<iq type='result' id='1' {from} to='{juliet.Jid}'><query xmlns='urn:test'>answer</query></iq>");
        Assert.Equal((juliet.Jid, target, "question"), (seen!.From, seen.Target, text));
        Assert.Same(server.Server.Context.Sessions.Find(juliet.Jid), seen.Session);

        // The same payload with the other type is another request.
        await juliet.SendAsync($"<iq type='get' id='2' {to}><query xmlns='urn:test'/></iq>");
        await juliet.ExpectErrorAsync(StanzaErrorCondition.ServiceUnavailable);
    }

    [Fact]
    public async Task Id_and_addresses_come_back_however_they_were_written()
    {
        await using var server = await TestServer.StartAsync(null, module =>
            module.Iq(IqType.Get, IqTarget.Server, Query, (_, _) => new(IqReply.Result())));
        var juliet = await server.ConnectAsync("juliet", "it's & <balcony>");

        await juliet.SendAsync("""<iq to = "local&#x68;ost" id="it's &quot;1&quot; &amp; &lt;" type='get'><query xmlns='urn:test'/></iq>""");

        await juliet.ExpectAsync(
            "<iq type='result' id='it&apos;s \"1\" &amp; &lt;' from='localhost' to='juliet@localhost/it&apos;s &amp; &lt;balcony&gt;'/>");
    }

    public static TheoryData<Exception, StanzaErrorCondition> Failures { get; } = new()
    {
        { new InvalidOperationException("a bug"), StanzaErrorCondition.InternalServerError },
        { new OperationCanceledException("not the server's"), StanzaErrorCondition.InternalServerError },
        { new StoreException(StanzaErrorCondition.InternalServerError, "broken"), StanzaErrorCondition.InternalServerError },
        { new StoreException(StanzaErrorCondition.ResourceConstraint, "full"), StanzaErrorCondition.ResourceConstraint },
    };

    [Theory]
    [MemberData(nameof(Failures), DisableDiscoveryEnumeration = true)]
    public async Task A_handler_that_fails_gives_a_reply_at_once_or_later(Exception failure, StanzaErrorCondition condition)
    {
        await using var server = await TestServer.StartAsync(null, module =>
        {
            module.Iq(IqType.Get, IqTarget.Server, Query, (_, _) => throw failure);
            module.Iq(IqType.Set, IqTarget.Server, Query, async (_, _) =>
            {
                await Task.Yield();
                throw failure;
            });
        });
        if (failure is not StoreException)
            server.ExpectError(failure.Message);
        var juliet = await server.ConnectAsync("juliet");

        foreach (var type in new[] { "get", "set" })
        {
            await juliet.SendAsync($"<iq type='{type}' id='1' to='localhost'><query xmlns='urn:test'/></iq>");
            await juliet.ExpectErrorAsync(condition);
        }
        await juliet.ExpectNothingFromAsync(juliet);
    }

    [Fact]
    public async Task Replies_come_in_the_order_of_the_requests()
    {
        var answer = new TaskCompletionSource();
        await using var server = await TestServer.StartAsync(null, module =>
            module.Iq(IqType.Get, IqTarget.Server, Query, async (_, _) =>
            {
                await answer.Task;
                return IqReply.Result();
            }));
        var juliet = await server.ConnectAsync("juliet");

        await juliet.SendAsync("<iq type='get' id='slow' to='localhost'><query xmlns='urn:test'/></iq>"
            + "<iq type='get' id='fast' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>");
        answer.SetResult();

        Assert.Equal("slow", (await juliet.ReadAsync())["id"]);
        Assert.Equal("fast", (await juliet.ReadAsync())["id"]);
    }

    [Fact]
    public async Task A_slow_handler_holds_up_nobody_but_its_sender()
    {
        var answer = new TaskCompletionSource();
        await using var server = await TestServer.StartAsync(null, module =>
            module.Iq(IqType.Get, IqTarget.Server, Query, async (_, _) =>
            {
                await answer.Task;
                return IqReply.Result();
            }));
        var romeo = await server.ConnectAsync("romeo");
        var juliet = await server.ConnectAsync("juliet");

        await juliet.SendAsync("<iq type='get' id='slow' to='localhost'><query xmlns='urn:test'/></iq>");
        await juliet.ExpectNothingFromAsync(romeo);
        answer.SetResult();

        Assert.Equal("slow", (await juliet.ReadAsync())["id"]);
    }
}
