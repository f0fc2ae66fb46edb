using System.Text;
using Xmpp.Core;
using Xmpp.Core.Streams;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Server.Tests.Streams;

/// <summary>Stream errors at their places (RFC 6120 §4.9.3); those of headers are with <see cref="StreamOpeningTests"/>.</summary>
public sealed class StreamErrorTests
{
    private const string Stream = "http://etherx.jabber.org/streams";

    public static TheoryData<string, StreamErrorCondition> InsteadOfAHeader { get; } = new()
    {
        { "<stream xmlns='jabber:client' to='localhost' version='1.0'>", StreamErrorCondition.InvalidNamespace },
        { "<s:stream xmlns='jabber:client' xmlns:s='urn:other' to='localhost' version='1.0'>", StreamErrorCondition.InvalidNamespace },
        { $"<stream:open xmlns='jabber:client' xmlns:stream='{Stream}' to='localhost' version='1.0'>", StreamErrorCondition.BadFormat },
        { $"<stream:stream xmlns='jabber:client' xmlns:stream='{Stream}' to='localhost' version='1.0'/>", StreamErrorCondition.BadFormat },
        { "GET / HTTP/1.1\r\n\r\n", StreamErrorCondition.NotWellFormed },
        { "<!DOCTYPE x [<!ENTITY lol 'lol'>]>", StreamErrorCondition.RestrictedXml },
        { "<?xml version='1.0' encoding='ISO-8859-1'?>", StreamErrorCondition.UnsupportedEncoding },
        { "<?xml version='1.1'?>", StreamErrorCondition.NotWellFormed },
        { "<stream:stream to='localhost'>", StreamErrorCondition.NotWellFormed },
    };

    public static TheoryData<string, StreamErrorCondition> InAStream { get; } = new()
    {
        { "text", StreamErrorCondition.BadFormat },
        { "<message></presence>", StreamErrorCondition.NotWellFormed },
        { "<message id='1' id='2'/>", StreamErrorCondition.NotWellFormed },
        { "<x:message/>", StreamErrorCondition.NotWellFormed },
        { "<message><body>&nbsp;</body></message>", StreamErrorCondition.RestrictedXml },
        { "<!-- a comment -->", StreamErrorCondition.RestrictedXml },
        { "<message><!-- a comment --></message>", StreamErrorCondition.RestrictedXml },
        { "<?php exit ?>", StreamErrorCondition.RestrictedXml },
        { "<message><body>\u0001</body></message>", StreamErrorCondition.NotWellFormed },
        { "<unknown/>", StreamErrorCondition.UnsupportedStanzaType },
        { "<message xmlns='jabber:server'/>", StreamErrorCondition.UnsupportedStanzaType },
        { "<stream:features/>", StreamErrorCondition.UnsupportedStanzaType },
        { "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>", StreamErrorCondition.UnsupportedStanzaType },
        { "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'/>", StreamErrorCondition.UnsupportedStanzaType },
    };

    [Theory]
    [MemberData(nameof(InsteadOfAHeader))]
    public async Task What_is_no_header_is_answered_with_ours_and_an_error(string xml, StreamErrorCondition condition)
    {
        await using var server = await TestServer.StartAsync();
        var client = server.Connect();

        await client.SendAsync(xml);

        await client.ExpectStreamErrorAsync(condition);
        Assert.Equal("localhost", client.ServerHeader!.From);
    }

    [Theory]
    [MemberData(nameof(InAStream))]
    public async Task What_no_stream_may_carry_ends_it(string xml, StreamErrorCondition condition)
    {
        await using var server = await TestServer.StartAsync();
        var client = await server.ConnectAsync("juliet");

        await client.SendAsync(xml);

        await client.ExpectStreamErrorAsync(condition);
    }

    [Fact]
    public async Task Bytes_that_are_not_utf8_end_the_stream()
    {
        await using var server = await TestServer.StartAsync();
        var client = await server.ConnectAsync("juliet");

        await client.SendAsync((byte[])[.. "<message><body>"u8, 0xC0, 0xAF, .. "</body></message>"u8]);

        await client.ExpectStreamErrorAsync(StreamErrorCondition.UnsupportedEncoding);
    }

    [Theory]
    [InlineData("<message to='juliet@localhost'/>", StreamErrorCondition.NotAuthorized)]
    [InlineData("<presence/>", StreamErrorCondition.NotAuthorized)]
    [InlineData("<iq type='get' id='1' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>", StreamErrorCondition.NotAuthorized)]
    [InlineData("<iq type='set' id='1'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>", StreamErrorCondition.NotAuthorized)]
    [InlineData("<unknown/>", StreamErrorCondition.UnsupportedStanzaType)]
    [InlineData("<compress xmlns='http://jabber.org/protocol/compress'/>", StreamErrorCondition.UnsupportedStanzaType)]
    public async Task Before_authentication_there_are_no_stanzas(string xml, StreamErrorCondition condition)
    {
        await using var server = await TestServer.StartAsync();
        var client = server.Connect();
        await client.OpenAsync();

        await client.SendAsync(xml);

        await client.ExpectStreamErrorAsync(condition);
    }

    [Theory]
    [InlineData("<message to='juliet@localhost'/>", StreamErrorCondition.NotAuthorized)]
    [InlineData("<presence/>", StreamErrorCondition.NotAuthorized)]
    [InlineData("<iq type='get' id='1' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>", StreamErrorCondition.NotAuthorized)]
    [InlineData("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'/>", StreamErrorCondition.UnsupportedStanzaType)]
    [InlineData("<unknown/>", StreamErrorCondition.UnsupportedStanzaType)]
    public async Task Before_a_resource_is_bound_there_are_none_either(string xml, StreamErrorCondition condition)
    {
        await using var server = await TestServer.StartAsync();
        await server.CreateAccountAsync(Jid.Parse("juliet@localhost"));
        var client = server.Connect();
        await client.OpenAsync();
        await client.AuthenticateAsync("juliet", TestServer.Password);
        await client.ReadAsync();
        await client.OpenAsync();

        await client.SendAsync(xml);

        await client.ExpectStreamErrorAsync(condition);
    }

    [Fact]
    public async Task Nothing_behind_an_error_is_handled()
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.ConnectAsync("romeo");
        var juliet = await server.ConnectAsync("juliet");
        var nurse = await server.ConnectAsync("nurse");

        await romeo.SendAsync($"<unknown/><message to='{juliet.Jid}'/>");

        await romeo.ExpectStreamErrorAsync(StreamErrorCondition.UnsupportedStanzaType);
        await juliet.ExpectNothingFromAsync(nurse);
    }

    [Fact]
    public async Task What_came_in_front_of_an_error_is_handled()
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.ConnectAsync("romeo");
        var juliet = await server.ConnectAsync("juliet");

        await romeo.SendAsync($"<message to='{juliet.Jid}'/><unknown/>");

        await juliet.ExpectAsync($"<message from='{romeo.Jid}' to='{juliet.Jid}'/>");
        await romeo.ExpectStreamErrorAsync(StreamErrorCondition.UnsupportedStanzaType);
    }

    [Fact]
    public async Task A_connection_that_drops_in_the_middle_of_a_stanza_harms_nobody()
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.ConnectAsync("romeo");
        var juliet = await server.ConnectAsync("juliet");
        await romeo.SendAsync($"<message to='{juliet.Jid}'><body>O, speak again, bright an");

        romeo.Drop();
        await romeo.Served;

        Assert.Equal(1, server.Server.Connections);
        await juliet.SendAsync(Encoding.UTF8.GetBytes("<iq type='get' id='1' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>"));
        await juliet.ExpectAsync($"<iq type='result' id='1' from='localhost' to='{juliet.Jid}'/>");
    }
}
