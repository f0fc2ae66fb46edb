using Xmpp.Core;
using Xmpp.Core.Streams;
using Xmpp.Server.Federation;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Server.Tests.Federation;

/// <summary>One connection between two servers, for both directions (XEP-0288).</summary>
public sealed class BidirectionalTests : IDisposable
{
    private const string Capulet = "capulet.example";
    private const string Montague = "montague.example";
    private const string Request = "<bidi xmlns='urn:xmpp:bidi'/>";

    private readonly TestNetwork _network = new();

    public void Dispose() => _network.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Stanzas_come_back_by_the_stream_that_they_went_by(bool isDialback)
    {
        await using var montague = await StartAsync(Montague, isDialback);
        var now = montague.Time.GetUtcNow();
        if (isDialback)
            _network.Replace(Capulet, TestNetwork.IssueSelfSigned(Capulet, now.AddDays(-1), now.AddDays(1)));
        await using var capulet = await StartAsync(Capulet, isDialback);
        var juliet = await capulet.LoginAsync($"juliet@{Capulet}", "balcony");
        var romeo = await montague.LoginAsync($"romeo@{Montague}", "orchard");

        await juliet.SendAsync($"<message to='{romeo.Jid}' id='1'/>");
        Assert.Equal("1", (await romeo.ReadAsync())["id"]);
        // So long who has made it has to enable stream management.
        montague.Time.Advance(TimeSpan.FromSeconds(2));
        await romeo.SendAsync($"<message to='{juliet.Jid}' id='2'/>");
        Assert.Equal("2", (await juliet.ReadAsync())["id"]);
        await juliet.SendAsync($"<message to='{romeo.Jid}' id='3'/>");
        Assert.Equal("3", (await romeo.ReadAsync())["id"]);

        Assert.Same(
            Assert.Single(montague.Server.Context.Federation.Incoming), Assert.Single(montague.Server.Context.Federation.Links).Stream);
        Assert.Empty(capulet.Server.Context.Federation.Incoming);
    }

    [Fact]
    public async Task What_is_not_acknowledged_when_the_connection_is_lost_goes_by_another_one()
    {
        await using var capulet = await StartAsync(Capulet);
        await using var montague = await StartAsync(Montague);
        var juliet = await capulet.LoginAsync($"juliet@{Capulet}", "balcony");
        var romeo = await montague.LoginAsync($"romeo@{Montague}", "orchard");
        await juliet.SendAsync($"<message to='{romeo.Jid}' id='1'/>");
        Assert.Equal("1", (await romeo.ReadAsync())["id"]);
        montague.Time.Advance(TimeSpan.FromSeconds(2));
        await romeo.SendAsync($"<message to='{juliet.Jid}' id='2'/>");
        Assert.Equal("2", (await juliet.ReadAsync())["id"]);
        var link = Assert.Single(montague.Server.Context.Federation.Links);
        link.Stream!.Connection.Abort("lost in the test");
        await Eventually.UntilAsync(() => link.Stream is null);
        montague.Time.Advance(montague.Options.S2s.RetryAfter + TimeSpan.FromSeconds(1));
        await romeo.SendAsync($"<message to='{juliet.Jid}' id='3'/>");
        while ((await juliet.ReadAsync())["id"] is var id && id != "3")
            Assert.Equal("2", id);
    }

    [Fact]
    public async Task It_is_offered_before_and_after_TLS_and_taken_before_authentication()
    {
        await using var server = await StartAsync(Capulet);
        var juliet = await server.LoginAsync($"juliet@{Capulet}", "balcony");
        var peer = server.ConnectServer(_network.CertificateOf(Montague));
        Assert.True(Bidi.IsOffered(await peer.OpenServerAsync(Montague, Capulet)));
        await peer.SendAsync($"<starttls xmlns='{Namespaces.Tls}'/>");
        await peer.ExpectAsync($"<proceed xmlns='{Namespaces.Tls}'/>");
        Assert.True(Bidi.IsOffered(await peer.OpenServerAsync(Montague, Capulet)));
        await peer.SendAsync(Request);
        await peer.SendAsync($"<auth xmlns='{Namespaces.Sasl}' mechanism='EXTERNAL'>=</auth>");
        await peer.ExpectAsync($"<success xmlns='{Namespaces.Sasl}'/>");
        Assert.False(Bidi.IsOffered(await peer.OpenServerAsync(Montague, Capulet)));
        await peer.SendAsync("<enable xmlns='urn:xmpp:sm:3' resume='true'/>");
        await peer.ExpectAsync("<enabled xmlns='urn:xmpp:sm:3'/>");

        await juliet.SendAsync($"<message to='romeo@{Montague}' id='1'/>");
        Assert.Equal("1", (await peer.ReadAsync())["id"]);
        server.Time.Advance(TimeSpan.FromSeconds(1));
        await peer.ExpectAsync("<r xmlns='urn:xmpp:sm:3'/>");
        await peer.SendAsync("<a xmlns='urn:xmpp:sm:3' h='2'/>");
        Assert.NotNull((await peer.ReadAsync()).Child("urn:xmpp:sm:3", "handled-count-too-high"));
    }

    [Theory]
    [InlineData(true, StreamErrorCondition.PolicyViolation)]
    [InlineData(false, StreamErrorCondition.UnsupportedStanzaType)]
    public async Task Before_TLS_and_where_it_is_not_wanted_it_is_refused(bool isOn, StreamErrorCondition condition)
    {
        await using var server = await _network.StartAsync(Capulet, options => options with { S2s = options.S2s with { Bidi = isOn } });
        var peer = server.ConnectServer(_network.CertificateOf(Montague));
        Assert.Equal(isOn, Bidi.IsOffered(await peer.OpenServerAsync(Montague, Capulet)));
        await peer.SendAsync(Request);
        await peer.ExpectStreamErrorAsync(condition);
    }

    private Task<TestServer> StartAsync(string domain, bool isDialback = false) => _network.StartAsync(domain, options => options with
    {
        S2s = options.S2s with { Bidi = true, Dialback = isDialback ? [Capulet] : [] },
    });
}
