using Xmpp.Core.Stanzas;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Modules.Tests;

/// <summary>XEP-0049.</summary>
public sealed class PrivateXmlTests
{
    private const string Preferences = "<exodus xmlns='exodus:prefs' version='2'><defaultnick>Hamlet</defaultnick></exodus>";

    [Theory]
    [InlineData("", "")]
    [InlineData("to='hamlet@localhost'", "from='hamlet@localhost'")]
    public async Task What_was_stored_is_read(string to, string from)
    {
        await using var server = await TestServer.StartAsync();
        var hamlet = await server.ConnectAsync("hamlet");

        await hamlet.SendAsync($"<iq type='set' id='1' {to}>{Query(Preferences)}</iq>"
            + $"<iq type='get' id='2' {to}>{Query("<exodus xmlns='exodus:prefs'/>")}</iq>");

        await hamlet.ExpectAsync($"<iq type='result' id='1' {from} to='{hamlet.Jid}'/>");
        await hamlet.ExpectAsync($"<iq type='result' id='2' {from} to='{hamlet.Jid}'>{Query(Preferences)}</iq>");
    }

    [Fact]
    public async Task Where_nothing_is_stored_an_empty_element_is_read()
    {
        await using var server = await TestServer.StartAsync();
        var hamlet = await server.ConnectAsync("hamlet");
        await hamlet.SetAsync(Query(Preferences));

        await hamlet.SendAsync($"<iq type='get' id='1'>{Query("<storage xmlns='storage:bookmarks'/>")}</iq>");
        await hamlet.ExpectAsync($"<iq type='result' id='1' to='{hamlet.Jid}'>{Query("<storage xmlns='storage:bookmarks'/>")}</iq>");

        await hamlet.SetAsync(Query("<exodus xmlns='exodus:prefs'/>"));
        await hamlet.SendAsync($"<iq type='get' id='2'>{Query("<exodus xmlns='exodus:prefs'/>")}</iq>");
        await hamlet.ExpectAsync($"<iq type='result' id='2' to='{hamlet.Jid}'>{Query("<exodus xmlns='exodus:prefs'/>")}</iq>");
    }

    [Fact]
    public async Task Several_elements_of_one_namespace_are_stored_together_in_the_place_of_those_before()
    {
        await using var server = await TestServer.StartAsync();
        var hamlet = await server.ConnectAsync("hamlet");
        await hamlet.SetAsync(Query("<a xmlns='x:y'>1</a>"));

        await hamlet.SetAsync(Query("<a xmlns='x:y'>2</a><b xmlns='x:y'/>"));
        await hamlet.SendAsync($"<iq type='get' id='1'>{Query("<a xmlns='x:y'/>")}</iq>");

        await hamlet.ExpectAsync($"<iq type='result' id='1' to='{hamlet.Jid}'>{Query("<a xmlns='x:y'>2</a><b xmlns='x:y'/>")}</iq>");
    }

    /// <summary>§2.3 and §3.</summary>
    [Theory]
    [InlineData("get", "", StanzaErrorCondition.BadRequest)]
    [InlineData("set", "", StanzaErrorCondition.NotAcceptable)]
    [InlineData("get", "<a xmlns='x:y'/><b xmlns='x:z'/>", StanzaErrorCondition.BadRequest)]
    [InlineData("set", "<a xmlns='x:y'/><b xmlns='x:z'/>", StanzaErrorCondition.NotAcceptable)]
    [InlineData("get", "<a xmlns=''/>", StanzaErrorCondition.NotAcceptable)]
    [InlineData("set", "<a xmlns=''/>", StanzaErrorCondition.NotAcceptable)]
    [InlineData("get", "<a/>", StanzaErrorCondition.NotAcceptable)]
    [InlineData("set", "<a/>", StanzaErrorCondition.NotAcceptable)]
    [InlineData("set", "<vCard xmlns='vcard-temp'/>", StanzaErrorCondition.NotAcceptable)]
    [InlineData("get", "<query xmlns='jabber:iq:roster'/>", StanzaErrorCondition.NotAcceptable)]
    [InlineData("set", "<x xmlns='http://jabber.org/protocol/muc'/>", StanzaErrorCondition.NotAcceptable)]
    public async Task Without_one_namespace_of_its_own_nothing_is_stored(string type, string content, StanzaErrorCondition condition)
    {
        await using var server = await TestServer.StartAsync();
        var hamlet = await server.ConnectAsync("hamlet");

        await hamlet.SendAsync($"<iq type='{type}' id='1'>{Query(content)}</iq>");

        var error = StanzaError.Parse(await hamlet.ExpectErrorAsync(condition));
        Assert.Equal(StanzaErrorType.Modify, error!.Type);
    }

    [Theory]
    [InlineData("get", "hamlet@localhost")]
    [InlineData("set", "hamlet@localhost")]
    [InlineData("get", "nobody@localhost")]
    [InlineData("set", "localhost")]
    public async Task It_is_nobody_else_s_business(string type, string to)
    {
        await using var server = await TestServer.StartAsync();
        var (hamlet, macbeth) = (await server.ConnectAsync("hamlet"), await server.ConnectAsync("macbeth"));
        await hamlet.SetAsync(Query(Preferences));

        await macbeth.SendAsync($"<iq type='{type}' id='1' to='{to}'>{Query("<exodus xmlns='exodus:prefs'/>")}</iq>");

        await macbeth.ExpectErrorAsync(StanzaErrorCondition.Forbidden);
    }

    [Fact]
    public async Task An_account_stores_no_more_than_it_may()
    {
        await using var server = await TestServer.StartAsync(options => options with
        {
            Modules = options.Modules with { PrivateXml = new PrivateXmlOptions { MaxEntries = 2, MaxBytes = 1024 } },
        });
        var hamlet = await server.ConnectAsync("hamlet");
        await hamlet.SetAsync(Query("<a xmlns='x:1'>1</a>"));
        await hamlet.SetAsync(Query("<a xmlns='x:2'>1</a>"));

        await hamlet.SendAsync($"<iq type='set' id='1'>{Query("<a xmlns='x:3'>1</a>")}</iq>"
            + $"<iq type='set' id='2'>{Query($"<a xmlns='x:2'>{new string('x', 1000)}</a>")}</iq>"
            + $"<iq type='get' id='3'>{Query($"<a xmlns='{new string('x', 1024)}'/>")}</iq>");

        await hamlet.ExpectErrorAsync(StanzaErrorCondition.PolicyViolation);
        await hamlet.ExpectErrorAsync(StanzaErrorCondition.PolicyViolation);
        await hamlet.ExpectErrorAsync(StanzaErrorCondition.NotAcceptable);
        await hamlet.SetAsync(Query("<a xmlns='x:2'>2</a>"));
    }

    private static string Query(string content) => $"<query xmlns='jabber:iq:private'>{content}</query>";
}
