using Xmpp.Core;
using Xmpp.Core.Streams;
using Xmpp.Server.Hosting;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Server.Tests.Streams;

/// <summary>Stream headers and features (RFC 6120 §4.3, §4.7).</summary>
public sealed class StreamOpeningTests
{
    [Fact]
    public async Task A_header_is_answered_with_a_header()
    {
        await using var server = await TestServer.StartAsync();
        var client = server.Connect();

        await client.OpenWithAsync("from='juliet@localhost' to='localhost' version='1.0' xml:lang='it'");

        var header = client.ServerHeader!;
        Assert.Equal("localhost", header.From);
        Assert.Equal("juliet@localhost", header.To);
        Assert.Equal("1.0", header.Version);
        Assert.Equal("en", header.Language);
        Assert.Equal(Namespaces.Client, header.ContentNamespace);
    }

    [Fact]
    public async Task The_server_addresses_nobody_who_did_not_say_who_it_is()
    {
        await using var server = await TestServer.StartAsync();
        var client = server.Connect();

        await client.OpenAsync();

        Assert.Null(client.ServerHeader!.To);
    }

    [Fact]
    public async Task Every_stream_has_an_id_of_its_own_that_nobody_can_guess()
    {
        await using var server = await TestServer.StartAsync();
        await server.CreateAccountAsync(Jid.Parse("juliet@localhost"));
        var ids = new HashSet<string>();
        for (var i = 0; i < 50; i++)
        {
            var client = server.Connect();
            await client.OpenAsync();
            Assert.True(ids.Add(client.ServerHeader!.Id!));
            await client.AuthenticateAsync("juliet", TestServer.Password);
            await client.ReadAsync();
            await client.OpenAsync();
            // The stream that follows authentication is a new one.
            Assert.True(ids.Add(client.ServerHeader!.Id!));
        }

        // At least 128 bits, none of which is always the same.
        Assert.All(ids, id => Assert.True(id.Length >= 32));
        Assert.All(Enumerable.Range(0, 32), position => Assert.True(ids.Select(id => id[position]).Distinct().Count() > 4));
    }

    [Theory]
    [InlineData("localhost")]
    [InlineData("LOCALHOST")]
    [InlineData("localhost.")]
    [InlineData("B\u00fccher.example")]
    public async Task A_host_is_compared_as_an_address_is(string host)
    {
        await using var server = await TestServer.StartAsync(options => options with { Hosts = ["localhost", "b\u00fccher.example"] });
        var client = server.Connect();

        var features = await client.OpenAsync(host);

        Assert.Equal("features", features.Name.Local);
        Assert.Equal(Jid.Parse(host).Domain, client.ServerHeader!.From);
    }

    [Theory]
    // §4.7.5: the lower one of the two versions, compared as numbers; a client that can't live with it ends the stream.
    [InlineData("1.0")]
    [InlineData("1.1")]
    [InlineData("1.15")]
    [InlineData("01.00")]
    [InlineData("2.0")]
    [InlineData("13.7")]
    public async Task A_version_from_1_0_on_is_answered_with_1_0(string version)
    {
        await using var server = await TestServer.StartAsync();
        var client = server.Connect();

        var features = await client.OpenWithAsync($"to='localhost' version='{version}'");

        Assert.Equal("features", features.Name.Local);
        Assert.Equal("1.0", client.ServerHeader!.Version);
    }

    [Theory]
    [InlineData("to='localhost'", StreamErrorCondition.UnsupportedVersion)]
    [InlineData("to='localhost' version='0.9'", StreamErrorCondition.UnsupportedVersion)]
    [InlineData("to='localhost' version=''", StreamErrorCondition.UnsupportedVersion)]
    [InlineData("to='localhost' version='1'", StreamErrorCondition.UnsupportedVersion)]
    [InlineData("to='localhost' version='1.x'", StreamErrorCondition.UnsupportedVersion)]
    [InlineData("version='1.0'", StreamErrorCondition.ImproperAddressing)]
    [InlineData("to='' version='1.0'", StreamErrorCondition.ImproperAddressing)]
    [InlineData("to='a b' version='1.0'", StreamErrorCondition.ImproperAddressing)]
    [InlineData("to='example.org' version='1.0'", StreamErrorCondition.HostUnknown)]
    [InlineData("to='juliet@localhost' version='1.0'", StreamErrorCondition.HostUnknown)]
    [InlineData("to='localhost/balcony' version='1.0'", StreamErrorCondition.HostUnknown)]
    public async Task A_header_that_will_not_do_is_answered_with_a_header_and_an_error(string attributes, StreamErrorCondition condition)
    {
        await using var server = await TestServer.StartAsync();
        var client = server.Connect();

        var error = await client.OpenWithAsync(attributes);

        Assert.Equal("localhost", client.ServerHeader!.From);
        Assert.NotNull(client.ServerHeader.Id);
        await client.ExpectStreamErrorAsync(condition, error);
    }

    [Theory]
    [InlineData("jabber:server")]
    [InlineData("urn:example")]
    public async Task A_stream_of_other_content_is_none_of_ours(string contentNamespace)
    {
        await using var server = await TestServer.StartAsync();
        var client = server.Connect();

        var error = await client.OpenWithAsync("to='localhost' version='1.0'", contentNamespace);

        await client.ExpectStreamErrorAsync(StreamErrorCondition.InvalidNamespace, error);
    }

    [Fact]
    public async Task Each_phase_shows_its_features_and_no_others()
    {
        await using var server = await TestServer.StartAsync();
        await server.CreateAccountAsync(Jid.Parse("juliet@localhost"));
        var client = server.Connect(ListenerTls.StartTls);

        var clear = await client.OpenAsync();
        await client.SendAsync($"<starttls xmlns='{Namespaces.Tls}'/>");
        await client.ExpectAsync($"<proceed xmlns='{Namespaces.Tls}'/>");
        var secured = await client.OpenAsync();
        await client.AuthenticateAsync("juliet", TestServer.Password);
        await client.ExpectAsync($"<success xmlns='{Namespaces.Sasl}'/>");
        var authenticated = await client.OpenAsync();

        Assert.Equal(["starttls", "limits"], clear.Elements.Select(feature => feature.Name.Local));
        Assert.NotNull(clear.Child(Namespaces.Tls, "starttls")!.Child(Namespaces.Tls, "required"));
        Assert.Equal(["authentication", "mechanisms", "limits"], secured.Elements.Select(feature => feature.Name.Local));
        Assert.Equal(["bind", "sm", "csi", "c", "session", "limits", "ver", "sub"], authenticated.Elements.Select(feature => feature.Name.Local));
    }

    [Fact]
    public async Task Nobody_changes_hosts_after_logging_in()
    {
        await using var server = await TestServer.StartAsync(options => options with { Hosts = ["localhost", "example.org"] });
        await server.CreateAccountAsync(Jid.Parse("juliet@localhost"));
        var client = server.Connect();
        await client.OpenAsync();
        await client.AuthenticateAsync("juliet", TestServer.Password);
        await client.ReadAsync();

        var error = await client.OpenAsync("example.org");

        await client.ExpectStreamErrorAsync(StreamErrorCondition.HostUnknown, error);
    }

    [Fact]
    public async Task A_client_that_closes_its_stream_gets_the_end_of_ours()
    {
        await using var server = await TestServer.StartAsync();
        var client = server.Connect();
        await client.OpenAsync();

        await client.SendAsync("</stream:stream>");

        await client.ExpectEndAsync();
        Assert.True(client.IsStreamClosed);
    }

    [Fact]
    public async Task What_came_before_the_end_of_the_stream_is_still_handled()
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.ConnectAsync("romeo");
        var juliet = await server.ConnectAsync("juliet");

        await romeo.SendAsync($"<message to='{juliet.Jid}' id='farewell'/></stream:stream>");

        await juliet.ExpectAsync($"<message from='{romeo.Jid}' to='{juliet.Jid}' id='farewell'/>");
        await romeo.ExpectEndAsync();
    }

    [Fact]
    public async Task White_space_between_stanzas_means_nothing()
    {
        await using var server = await TestServer.StartAsync();
        var client = await server.ConnectAsync("juliet");

        await client.SendAsync(" \n\n\t <iq type='get' id='1' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>\r\n ");

        await client.ExpectAsync($"<iq type='result' id='1' from='localhost' to='{client.Jid}'/>");
    }

    [Fact]
    public async Task A_stanza_may_come_byte_by_byte()
    {
        await using var server = await TestServer.StartAsync();
        var client = await server.ConnectAsync("juliet");

        foreach (var letter in "<iq type='get' id='1' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>")
            await client.SendAsync(letter.ToString());

        await client.ExpectAsync($"<iq type='result' id='1' from='localhost' to='{client.Jid}'/>");
    }
}
