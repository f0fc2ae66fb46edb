using Xmpp.Core.Stanzas;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Modules.Tests;

/// <summary>XEP-0054.</summary>
public sealed class VCardTempTests
{
    private const string Card =
        "<vCard xmlns='vcard-temp'><FN>Juliet &amp; Co</FN><N><FAMILY>Capulet</FAMILY><MIDDLE/></N>"
        + "<PHOTO><TYPE>image/png</TYPE><BINVAL>iVBORw0KGgo=</BINVAL></PHOTO></vCard>";

    [Theory]
    [InlineData("", "")]
    [InlineData("to='juliet@localhost'", "from='juliet@localhost'")]
    public async Task A_card_is_read_as_it_was_written(string to, string from)
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.ConnectAsync("juliet");

        await juliet.SendAsync($"<iq type='set' id='1' {to}>{Card}</iq><iq type='get' id='2' {to}><vCard xmlns='vcard-temp'/></iq>");

        await juliet.ExpectAsync($"<iq type='result' id='1' {from} to='{juliet.Jid}'/>");
        await juliet.ExpectAsync($"<iq type='result' id='2' {from} to='{juliet.Jid}'>{Card}</iq>");
    }

    [Fact]
    public async Task Everybody_may_read_it()
    {
        await using var server = await TestServer.StartAsync();
        var (romeo, juliet) = (await server.ConnectAsync("romeo"), await server.ConnectAsync("juliet"));
        await juliet.SetAsync(Card);

        await romeo.SendAsync("<iq type='get' id='1' to='juliet@localhost'><vCard xmlns='vcard-temp'/></iq>");

        await romeo.ExpectAsync($"<iq type='result' id='1' from='juliet@localhost' to='{romeo.Jid}'>{Card}</iq>");
        await juliet.ExpectNothingFromAsync(romeo);
    }

    [Fact]
    public async Task Who_has_none_is_told_so()
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.ConnectAsync("juliet");

        await juliet.SendAsync("<iq type='get' id='1'><vCard xmlns='vcard-temp'/></iq>");

        await juliet.ExpectErrorAsync(StanzaErrorCondition.ItemNotFound);
    }

    [Fact]
    public async Task Others_do_not_learn_whether_there_is_an_account_without_a_card()
    {
        await using var server = await TestServer.StartAsync();
        await server.ConnectAsync("juliet");
        var romeo = await server.ConnectAsync("romeo");

        await romeo.SendAsync("<iq type='get' id='1' to='juliet@localhost'><vCard xmlns='vcard-temp'/></iq>"
            + "<iq type='get' id='1' to='nobody@localhost'><vCard xmlns='vcard-temp'/></iq>");

        var existing = await romeo.ExpectErrorAsync(StanzaErrorCondition.ServiceUnavailable);
        var missing = await romeo.ExpectErrorAsync(StanzaErrorCondition.ServiceUnavailable);
        Assert.Equal(existing, missing.With("from", "juliet@localhost"));
    }

    [Theory]
    [InlineData("juliet@localhost")]
    [InlineData("nobody@localhost")]
    public async Task Nobody_writes_somebody_else_s(string to)
    {
        await using var server = await TestServer.StartAsync();
        await server.ConnectAsync("juliet");
        var romeo = await server.ConnectAsync("romeo");

        await romeo.SendAsync($"<iq type='set' id='1' to='{to}'>{Card}</iq>");

        await romeo.ExpectErrorAsync(StanzaErrorCondition.Forbidden);
    }

    [Fact]
    public async Task A_card_takes_the_place_of_the_one_before_and_an_empty_one_takes_it_away()
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.ConnectAsync("juliet");
        await juliet.SetAsync(Card);

        await juliet.SetAsync("<vCard xmlns='vcard-temp'><FN>J</FN></vCard>");
        await juliet.SendAsync("<iq type='get' id='1'><vCard xmlns='vcard-temp'/></iq>");
        await juliet.ExpectAsync($"<iq type='result' id='1' to='{juliet.Jid}'><vCard xmlns='vcard-temp'><FN>J</FN></vCard></iq>");

        await juliet.SetAsync("<vCard xmlns='vcard-temp'/>");
        await juliet.SendAsync("<iq type='get' id='2'><vCard xmlns='vcard-temp'/></iq>");
        await juliet.ExpectErrorAsync(StanzaErrorCondition.ItemNotFound);
    }

    [Fact]
    public async Task A_card_that_is_too_large_is_refused_and_the_one_before_stays()
    {
        await using var server = await TestServer.StartAsync(options => options with
        {
            Modules = options.Modules with { VCard = new VCardOptions { MaxBytes = 1024 } },
        });
        var juliet = await server.ConnectAsync("juliet");
        await juliet.SetAsync(Card);

        await juliet.SendAsync($"<iq type='set' id='1'><vCard xmlns='vcard-temp'><DESC>{new string('x', 1024)}</DESC></vCard></iq>");
        Assert.Equal(StanzaErrorType.Modify, StanzaError.Parse(await juliet.ExpectErrorAsync(StanzaErrorCondition.PolicyViolation))!.Type);

        await juliet.SendAsync("<iq type='get' id='2'><vCard xmlns='vcard-temp'/></iq>");
        await juliet.ExpectAsync($"<iq type='result' id='2' to='{juliet.Jid}'>{Card}</iq>");
    }

    [Fact]
    public async Task Cards_are_announced()
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.ConnectAsync("juliet");

        Assert.Contains("vcard-temp", Discovery.Parse(await juliet.InfoAsync("localhost")).Features);
        Assert.Contains("vcard-temp", Discovery.Parse(await juliet.InfoAsync("juliet@localhost")).Features);
    }
}
