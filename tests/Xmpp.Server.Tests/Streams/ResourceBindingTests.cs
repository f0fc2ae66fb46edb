using Xmpp.Core;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Streams;
using Xmpp.Server.Hosting;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Server.Tests.Streams;

/// <summary>Resource binding (RFC 6120 §7).</summary>
public sealed class ResourceBindingTests
{
    [Fact]
    public async Task The_server_makes_a_resource_for_whoever_has_no_wish()
    {
        await using var server = await TestServer.StartAsync();

        var first = await server.ConnectAsync("juliet");
        var second = await server.ConnectAsync("juliet");

        Assert.True(first.Jid.IsFull);
        Assert.Equal(Jid.Parse("juliet@localhost"), first.Jid.Bare);
        Assert.NotEqual(first.Jid, second.Jid);
    }

    [Fact]
    public async Task An_empty_wish_is_none()
    {
        await using var server = await TestServer.StartAsync();
        var client = await AuthenticateAsync(server);

        await client.BindAsync("");

        Assert.True(client.Jid.IsFull);
    }

    [Theory]
    [InlineData("balcony", "balcony")]
    [InlineData("Balcony \u2603", "Balcony \u2603")]
    [InlineData("e\u0301te\u0301", "\u00e9t\u00e9")]
    [InlineData("<&'\">", "<&'\">")]
    public async Task A_client_gets_the_resource_it_wishes_prepared_as_addresses_are(string wish, string resource)
    {
        await using var server = await TestServer.StartAsync();

        var client = await server.ConnectAsync("juliet", wish);

        Assert.Equal(resource, client.Jid.Resource);
    }

    [Theory]
    [InlineData("<iq type='set' id='1'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>\uFFF9</resource></bind></iq>")]
    [InlineData("<iq type='get' id='1'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>")]
    [InlineData("<iq id='1'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>")]
    [InlineData("<iq type='set'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>")]
    public async Task A_request_that_will_not_do_can_be_mended(string request)
    {
        await using var server = await TestServer.StartAsync();
        var client = await AuthenticateAsync(server);

        await client.SendAsync(request);

        var error = await client.ExpectErrorAsync(StanzaErrorCondition.BadRequest);
        Assert.Equal("modify", error.Child(Namespaces.Client, "error")!["type"]);
        await client.BindAsync("balcony");
    }

    [Fact]
    public async Task A_resource_of_more_than_1023_bytes_is_refused()
    {
        await using var server = await TestServer.StartAsync();
        var client = await AuthenticateAsync(server);

        var answer = await client.TryBindAsync(new string('x', 1024));

        Assert.Equal(StanzaErrorCondition.BadRequest, StanzaError.Parse(answer)?.Condition);
    }

    [Fact]
    public async Task A_newcomer_replaces_the_older_session()
    {
        await using var server = await TestServer.StartAsync(options => options with { ResourceConflict = ResourceConflict.Replace });
        var romeo = await server.ConnectAsync("romeo");
        var old = await server.ConnectAsync("juliet", "balcony");

        var young = await server.ConnectAsync("juliet", "balcony");

        await old.ExpectStreamErrorAsync(StreamErrorCondition.Conflict);
        Assert.Equal(old.Jid, young.Jid);
        await young.ExpectNothingFromAsync(romeo);
        Assert.Equal(2, server.Server.Context.Sessions.Count);
    }

    [Fact]
    public async Task A_newcomer_gets_another_resource()
    {
        await using var server = await TestServer.StartAsync(options => options with { ResourceConflict = ResourceConflict.Rename });
        var old = await server.ConnectAsync("juliet", "balcony");

        var young = await server.ConnectAsync("juliet", "balcony");

        Assert.NotEqual(old.Jid, young.Jid);
        await old.ExpectNothingFromAsync(young);
    }

    [Fact]
    public async Task A_newcomer_is_refused_and_may_wish_again()
    {
        await using var server = await TestServer.StartAsync(options => options with { ResourceConflict = ResourceConflict.Refuse });
        var old = await server.ConnectAsync("juliet", "balcony");
        var young = await AuthenticateAsync(server);

        var answer = await young.TryBindAsync("balcony");

        Assert.Equal(new StanzaError(StanzaErrorCondition.Conflict, StanzaErrorType.Modify), StanzaError.Parse(answer));
        await young.BindAsync("chamber");
        await old.ExpectNothingFromAsync(young);
    }

    [Fact]
    public async Task An_account_has_a_limited_number_of_sessions()
    {
        await using var server = await TestServer.StartAsync(options => options with
        {
            Limits = options.Limits with { SessionsPerAccount = 2 },
        });
        var first = await server.ConnectAsync("juliet", "1");
        await server.ConnectAsync("juliet", "2");
        var third = await AuthenticateAsync(server);

        var answer = await third.TryBindAsync("3");
        Assert.Equal(new StanzaError(StanzaErrorCondition.ResourceConstraint, StanzaErrorType.Wait), StanzaError.Parse(answer));

        // Others have theirs, and one that ends makes room.
        await server.ConnectAsync("romeo");
        first.Drop();
        await first.Served;
        await third.BindAsync("3");
    }

    [Fact]
    public async Task A_stream_has_one_resource()
    {
        await using var server = await TestServer.StartAsync();
        var client = await server.ConnectAsync("juliet", "balcony");

        await client.SendAsync($"<iq type='set' id='again'><bind xmlns='{Namespaces.Bind}'><resource>orchard</resource></bind></iq>");

        var error = await client.ExpectErrorAsync(StanzaErrorCondition.NotAllowed);
        Assert.Equal("again", error["id"]);
    }

    [Fact]
    public async Task Old_clients_may_establish_a_session()
    {
        await using var server = await TestServer.StartAsync();
        var client = await AuthenticateAsync(server);
        await client.BindAsync("balcony");

        await client.SendAsync($"<iq type='set' id='s'><session xmlns='{Namespaces.Session}'/></iq>");

        await client.ExpectAsync($"<iq type='result' id='s' to='{client.Jid}'/>");
    }

    [Fact]
    public async Task The_address_is_free_again_when_the_connection_is_gone()
    {
        await using var server = await TestServer.StartAsync(options => options with { ResourceConflict = ResourceConflict.Refuse });
        var old = await server.ConnectAsync("juliet", "balcony");
        old.Drop();
        await old.Served;

        var young = await server.ConnectAsync("juliet", "balcony");

        Assert.Equal(old.Jid, young.Jid);
    }

    private static async Task<TestClient> AuthenticateAsync(TestServer server)
    {
        await server.CreateAccountAsync(Jid.Parse("juliet@localhost"));
        var client = server.Connect();
        await client.OpenAsync();
        await client.AuthenticateAsync("juliet", TestServer.Password);
        await client.ReadAsync();
        await client.OpenAsync();
        return client;
    }
}
