using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Streams;
using Xmpp.Core.Xml;
using Xmpp.Testing;
using Xunit;
using static Xmpp.Server.Tests.Streams.Sasl2Testing;

namespace Xmpp.Server.Tests.Streams;

/// <summary>Resources bound along with authentication (XEP-0386), and streams resumed (XEP-0198, SASL2 And BIND2 Interaction).</summary>
public sealed class InlineBindingTests
{
    [Fact]
    public async Task The_tag_is_a_prefix_of_the_resource_and_the_clients_own_id_is_no_part_of_it()
    {
        await using var server = await TestServer.StartAsync();

        var (juliet, success) = await server.GoOnlineAsync("juliet", Phone, "<tag>AwesomeXMPP</tag>");

        Assert.Equal("juliet@localhost", juliet.Jid.Bare.ToString());
        Assert.StartsWith("AwesomeXMPP/", juliet.Jid.Resource);
        Assert.DoesNotContain(Phone, juliet.Jid.Resource);
        Assert.NotNull(success.Child(Bind2, "bound"));
        await juliet.SendAsync("<presence/>");
        await juliet.ExpectAsync($"<presence from='{juliet.Jid}' to='{juliet.Jid}'/>");
    }

    [Fact]
    public async Task A_tag_that_no_resource_can_have_is_left_out()
    {
        await using var server = await TestServer.StartAsync();

        var (juliet, _) = await server.GoOnlineAsync("juliet", bind: $"<tag>{new string('x', 1024)}</tag>");

        Assert.DoesNotContain('/', juliet.Jid.Resource!);
    }

    [Fact]
    public async Task The_same_client_gets_the_same_resource_and_its_earlier_session_ends()
    {
        await using var server = await TestServer.StartAsync();
        var (first, _) = await server.GoOnlineAsync("juliet", Phone, "<tag>A</tag>");
        var (other, _) = await server.GoOnlineAsync("juliet", Laptop, "<tag>A</tag>");

        var (again, _) = await server.GoOnlineAsync("juliet", Phone, "<tag>A</tag>");

        Assert.Equal(first.Jid, again.Jid);
        Assert.NotEqual(first.Jid, other.Jid);
        await first.ExpectStreamErrorAsync(StreamErrorCondition.Conflict);
        // Also under another name, and one that doesn't say who it is.
        var (renamed, _) = await server.GoOnlineAsync("juliet", Phone, "<tag>B</tag>");
        Assert.NotEqual(again.Jid, renamed.Jid);
        await again.ExpectStreamErrorAsync(StreamErrorCondition.Conflict);
        var (unknown, _) = await server.GoOnlineAsync("juliet", bind: "<tag>A</tag>");
        await renamed.ExpectNothingFromAsync(unknown);
        await other.ExpectNothingFromAsync(unknown);
    }

    [Fact]
    public async Task The_same_client_gets_the_same_resource_after_a_restart()
    {
        await using var server = await TestServer.StartWithJournalAsync();
        var (first, _) = await server.GoOnlineAsync("juliet", Phone);

        await server.RestartAsync(isKilled: false);
        var (again, _) = await server.GoOnlineAsync("juliet", Phone);

        Assert.Equal(first.Jid, again.Jid);
    }

    [Fact]
    public async Task The_client_is_told_where_its_archive_ends_and_gets_nothing_of_it_as_offline_messages()
    {
        await using var server = await TestServer.StartAsync();
        await server.CreateAccountAsync(Jid.Parse("juliet@localhost"));
        var romeo = await server.LoginAsync("romeo");
        await romeo.SendAsync("<message to='juliet@localhost' type='chat'><body>Hark!</body></message>");
        await romeo.ExpectNothingFromAsync(romeo);
        var ends = await server.Store.Archive.FindEndsAsync(Jid.Parse("juliet@localhost"), CancellationToken.None);
        server.Time.Advance(TimeSpan.FromSeconds(1));

        var (juliet, success) = await server.GoOnlineAsync("juliet", Phone);

        var metadata = success.Child(Bind2, "bound")!.Child("urn:xmpp:mam:2", "metadata")!;
        Assert.Equal(ends!.Value.Last.ToString(), metadata.Child("urn:xmpp:mam:2", "end")!["id"]);
        Assert.Equal(ends.Value.First.ToString(), metadata.Child("urn:xmpp:mam:2", "start")!["id"]);
        await juliet.SendAsync($"<presence/><message to='{juliet.Jid}' id='marker'/>");
        var next = await juliet.ReadAsync();
        // Its own presence, and the ping behind which what waited is removed.
        for (; next.Name.Local != "message"; next = await juliet.ReadAsync())
            Assert.Contains(next.Name.Local, new[] { "presence", "iq" });
        Assert.Equal("marker", next["id"]);
    }

    [Theory]
    [InlineData("not-a-uuid")]
    [InlineData("d4565fa7-4d72-1749-b3d3-740edbf87770")]
    public async Task An_id_that_is_no_uuid_of_version_4_counts_for_nothing(string id)
    {
        await using var server = await TestServer.StartAsync();
        var (first, _) = await server.GoOnlineAsync("juliet", id);

        var (second, _) = await server.GoOnlineAsync("juliet", id);

        Assert.NotEqual(first.Jid, second.Jid);
    }

    [Fact]
    public async Task What_the_client_wants_is_on_from_the_start()
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.LoginAsync("romeo");
        var (juliet, success) = await server.GoOnlineAsync(
            "juliet", bind: $"<enable xmlns='urn:xmpp:carbons:2'/><enable xmlns='{Sm}' resume='true'/><inactive xmlns='urn:xmpp:csi:0'/>");
        var phone = await server.LoginAsync("juliet", "phone");

        // The presence of the other client is held, the carbon is not.
        await phone.SendAsync($"<message to='{romeo.Jid}' type='chat'><body>Romeo?</body></message>");

        var enabled = success.Child(Bind2, "bound")!.Child(Sm, "enabled")!;
        Assert.Equal("true", enabled["resume"]);
        var carbon = await juliet.ReadAsync();
        Assert.NotNull(carbon.Child("urn:xmpp:carbons:2", "sent"));
        await juliet.SendAsync($"<a xmlns='{Sm}' h='1'/><r xmlns='{Sm}'/>");
        await juliet.ExpectAsync($"<a xmlns='{Sm}' h='0'/>");
    }

    [Fact]
    public async Task Modules_can_take_part_and_what_is_sent_meanwhile_comes_behind_the_success()
    {
        await using var server = await TestServer.StartAsync(null, builder => builder.InlineBind("urn:example:state", async (bind, _) =>
        {
            await Task.Yield();
            bind.Session.Send(new Element(Namespaces.Client, "message", Element.Attr("id", "early")));
            if (bind.Request.Child("urn:example:state", "get") is not null)
                bind.Answer(new Element("urn:example:state", "state"));
        }));

        var (juliet, success) = await server.GoOnlineAsync("juliet", bind: "<get xmlns='urn:example:state'/>");

        await juliet.ExpectAsync("<message id='early'/>");
        Assert.NotNull(success.Child(Bind2, "bound")!.Child("urn:example:state", "state"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Features_of_a_bound_stream_are_those_that_still_mean_something(bool isManaged)
    {
        await using var server = await TestServer.StartAsync();
        var enable = isManaged ? $"<enable xmlns='{Sm}'/>" : "";
        var client = await server.SayAsync("juliet", Authenticate("juliet", $"<bind xmlns='{Bind2}'>{enable}</bind>"));

        var (_, features) = await client.ReadOnlineAsync();

        Assert.Null(features.Child(Namespaces.Bind, "bind"));
        Assert.Null(features.Child(Namespaces.Session, "session"));
        Assert.Equal(isManaged, features.Child(Sm, "sm") is null);
        Assert.NotNull(features.Child("urn:xmpp:features:rosterver", "ver"));
    }

    [Fact]
    public async Task An_account_with_as_many_sessions_as_it_may_have_authenticates_and_stays_unbound()
    {
        await using var server = await TestServer.StartAsync(options =>
            options with { Limits = options.Limits with { SessionsPerAccount = 1 } });
        await server.GoOnlineAsync("juliet", Phone);

        var client = await server.SayAsync("juliet", Authenticate("juliet", $"<bind xmlns='{Bind2}'/>", Laptop));

        var (success, features) = await client.ReadOnlineAsync();
        Assert.Null(success.Child(Bind2, "bound"));
        Assert.Equal("juliet@localhost", client.Jid.ToString());
        Assert.NotNull(features.Child(Namespaces.Bind, "bind"));
    }

    [Fact]
    public async Task A_stream_is_resumed_along_with_authentication_and_no_resource_is_bound()
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.LoginAsync("romeo");
        var (juliet, success) = await server.GoOnlineAsync("juliet", Phone, $"<enable xmlns='{Sm}' resume='true'/>");
        var id = success.Child(Bind2, "bound")!.Child(Sm, "enabled")!["id"];
        await romeo.SendAsync($"<message to='{juliet.Jid}' id='1'/>");
        await juliet.ExpectAsync($"<message to='{juliet.Jid}' from='{romeo.Jid}' id='1'/>");
        juliet.Drop();
        await juliet.Served;
        await romeo.SendAsync($"<message to='{juliet.Jid}' id='2'/>");
        await romeo.ExpectNothingFromAsync(romeo);

        var again = await server.SayAsync("juliet", Authenticate(
            "juliet", $"<resume xmlns='{Sm}' previd='{id}' h='1'/><bind xmlns='{Bind2}'><tag>other</tag></bind>", Phone));

        await again.ExpectAsync(
            $"<success xmlns='{Sasl2}'><authorization-identifier>{juliet.Jid}</authorization-identifier>"
            + $"<resumed xmlns='{Sm}' previd='{id}' h='0'/></success>");
        // No features: the stream goes on.
        again.Jid = juliet.Jid;
        await again.ExpectAsync($"<message to='{juliet.Jid}' from='{romeo.Jid}' id='2'/>");
        await again.ExpectAsync($"<r xmlns='{Sm}'/>");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task When_a_stream_cant_be_resumed_binding_goes_ahead(bool isBound)
    {
        await using var server = await TestServer.StartAsync();
        var bind = isBound ? $"<bind xmlns='{Bind2}'/>" : "";
        var client = await server.SayAsync(
            "juliet", Authenticate("juliet", $"<resume xmlns='{Sm}' previd='gone' h='0'/>{bind}"));

        var (success, _) = await client.ReadOnlineAsync();

        Assert.NotNull(success.Child(Sm, "failed")!.Child(Namespaces.StanzaErrors, "item-not-found"));
        Assert.Equal(isBound, success.Child(Bind2, "bound") is not null);
        Assert.Equal(isBound, client.Jid.IsFull);
    }

    [Fact]
    public async Task A_client_that_binds_as_before_keeps_its_sessions_apart()
    {
        await using var server = await TestServer.StartAsync();
        var client = await server.SayAsync("juliet", Authenticate("juliet", agent: Phone));
        await client.ReadOnlineAsync();
        await client.BindAsync("balcony");

        var session = server.Server.Context.Sessions.Find(client.Jid)!;

        Assert.NotNull(session.State.Get(ClientAgent.IdKey));
    }
}
