using Xmpp.Core;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Streams;
using Xmpp.Testing;
using Xunit;
using static Xmpp.Server.Tests.Federation.PlayedServer;

namespace Xmpp.Server.Tests.Federation;

/// <summary>What this server says on a stream that it makes, to a server that the test plays.</summary>
public sealed class OutgoingStreamTests : IDisposable
{
    private readonly TestNetwork _network = new();

    public void Dispose() => _network.Dispose();

    [Fact]
    public async Task STARTTLS_EXTERNAL_and_then_what_waited()
    {
        await using var server = await _network.StartAsync(Local);
        await using var played = new PlayedServer(_network);
        var juliet = await server.LoginAsync($"juliet@{Local}", "balcony");
        await juliet.SendAsync($"<message to='romeo@{Remote}' id='1'/>");

        var peer = await played.AcceptAsync();
        await peer.Client.AnswerServerAsync(Header, StartTls);
        Assert.Equal((Local, Remote, "1.0"), (peer.Client.ServerHeader!.From, peer.Client.ServerHeader.To, peer.Client.ServerHeader.Version));
        await peer.Client.ExpectAsync(StartTls);
        await peer.SecureAsync();
        Assert.Equal(Remote, peer.Tls!.ServerName);
        Assert.Contains(Local, Core.Sasl.ServerIdentities.Of(peer.Tls.PeerCertificate!));
        await peer.Client.AnswerServerAsync(Header, External);
        await peer.Client.ExpectAsync($"<auth xmlns='{Namespaces.Sasl}' mechanism='EXTERNAL'>Y2FwdWxldC5leGFtcGxl</auth>");
        await peer.Client.SendAsync($"<success xmlns='{Namespaces.Sasl}'/>");
        await peer.Client.AnswerServerAsync(Header, "");
        await peer.Client.ExpectAsync($"<message from='{juliet.Jid}' to='romeo@{Remote}' id='1'/>");
        await peer.Client.SendAsync("</stream:stream>");
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism></mechanisms>", "")]
    [InlineData(External, "<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><not-authorized/></failure>")]
    public async Task Where_EXTERNAL_does_not_do_dialback_may(string features, string failure)
    {
        await using var server = await _network.StartAsync(Local);
        await using var played = new PlayedServer(_network);
        var juliet = await server.LoginAsync($"juliet@{Local}", "balcony");
        await juliet.SendAsync($"<message to='romeo@{Remote}' id='1'/>");
        var peer = await played.AcceptSecuredAsync();
        await peer.Client.AnswerServerAsync(Header, features);
        if (failure.Length > 0)
        {
            Assert.Equal("auth", (await peer.Client.ReadAsync()).Name.Local);
            await peer.Client.SendAsync(failure);
        }
        var result = await peer.Client.ReadAsync();
        Assert.Equal(("jabber:server:dialback", "result", Local, Remote), (result.Name.Namespace, result.Name.Local, result["from"], result["to"]));
        Assert.True(server.Server.Context.Federation.Keys.IsValid(result.Text, Remote, Local, "D60000229F"));
        await peer.Client.SendAsync($"<db:result from='{Remote}' to='{Local}' type='valid'/>");
        await peer.Client.ExpectAsync($"<message from='{juliet.Jid}' to='romeo@{Remote}' id='1'/>");
    }

    [Theory]
    [InlineData("type='invalid'/>", StanzaErrorCondition.InternalServerError)]
    [InlineData("type='error'><error type='cancel'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></db:result>",
        StanzaErrorCondition.RemoteServerTimeout)]
    public async Task Senders_are_told_what_dialback_came_to(string answer, StanzaErrorCondition condition)
    {
        await using var server = await _network.StartAsync(Local);
        await using var played = new PlayedServer(_network);
        var juliet = await server.LoginAsync($"juliet@{Local}", "balcony");
        await juliet.SendAsync($"<message to='romeo@{Remote}' id='1'/>");
        var peer = await played.AcceptSecuredAsync();
        await peer.Client.AnswerServerAsync(Header, "");
        await peer.Client.ReadAsync();
        await peer.Client.SendAsync($"<db:result from='{Remote}' to='{Local}' {answer}");
        await juliet.ExpectErrorAsync(condition);
    }

    [Theory]
    [InlineData($"from='verona.example' to='{Local}' id='1'", "", StanzaErrorCondition.RemoteServerTimeout)]
    [InlineData(Header, "", StanzaErrorCondition.RemoteServerTimeout)]
    [InlineData(Header, "</stream:features><stream:error><host-unknown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream><x>",
        StanzaErrorCondition.RemoteServerNotFound)]
    [InlineData(Header, "</stream:features><stream:error><policy-violation xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream><x>",
        StanzaErrorCondition.RemoteServerTimeout)]
    public async Task A_server_that_is_another_one_or_does_not_want_is_not_talked_to(
        string header, string features, StanzaErrorCondition condition)
    {
        await using var server = await _network.StartAsync(Local);
        await using var played = new PlayedServer(_network);
        var juliet = await server.LoginAsync($"juliet@{Local}", "balcony");
        await juliet.SendAsync($"<message to='romeo@{Remote}' id='1'/>");
        var peer = await played.AcceptAsync();
        await peer.Client.AnswerServerAsync(header, features.Length > 0 ? StartTls + features : "");
        await juliet.ExpectErrorAsync(condition);
    }

    [Theory]
    [InlineData("<message from='romeo@montague.example' to='juliet@capulet.example'/>", StreamErrorCondition.NotAuthorized)]
    [InlineData("<db:result from='montague.example' to='capulet.example' type='valid'/>", StreamErrorCondition.PolicyViolation)]
    [InlineData("<db:verify from='montague.example' to='capulet.example' id='1' type='valid'/>", StreamErrorCondition.PolicyViolation)]
    [InlineData("<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>", StreamErrorCondition.UnsupportedStanzaType)]
    public async Task What_nobody_asked_for_ends_the_stream(string element, StreamErrorCondition condition)
    {
        await using var server = await _network.StartAsync(Local);
        await using var played = new PlayedServer(_network);
        var juliet = await server.LoginAsync($"juliet@{Local}", "balcony");
        await juliet.SendAsync($"<message to='romeo@{Remote}' id='1'/>");
        var peer = await played.AcceptSecuredAsync();
        await peer.Client.AnswerServerAsync(Header, External);
        await peer.Client.ReadAsync();
        await peer.Client.SendAsync($"<success xmlns='{Namespaces.Sasl}'/>");
        await peer.Client.AnswerServerAsync(Header, "");
        await peer.Client.ReadAsync();
        await peer.Client.SendAsync(element);
        Assert.Equal(StreamError.WireName(condition), (await peer.Client.ReadAsync()).Elements.First().Name.Local);
    }

    [Fact]
    public async Task What_is_not_acknowledged_when_the_connection_is_lost_is_sent_again_before_what_is_new()
    {
        await using var server = await _network.StartAsync(Local);
        await using var played = new PlayedServer(_network);
        var juliet = await server.LoginAsync($"juliet@{Local}", "balcony");
        await juliet.SendAsync($"<message to='romeo@{Remote}' id='1'/><message to='romeo@{Remote}' id='2'/>");
        var first = await played.AcceptManagedAsync();
        Assert.Equal("1", (await first.Client.ReadAsync())["id"]);
        Assert.Equal("2", (await first.Client.ReadAsync())["id"]);
        server.Time.Advance(TimeSpan.FromSeconds(1));
        await first.Client.ExpectAsync("<r xmlns='urn:xmpp:sm:3'/>");
        await first.Client.SendAsync("<a xmlns='urn:xmpp:sm:3' h='1'/><r xmlns='urn:xmpp:sm:3'/>");
        await first.Client.ExpectAsync("<a xmlns='urn:xmpp:sm:3' h='0'/>");
        first.Client.Drop();

        var second = await played.AcceptManagedAsync();
        Assert.Equal("2", (await second.Client.ReadAsync())["id"]);
        await juliet.SendAsync($"<message to='romeo@{Remote}' id='3'/>");
        Assert.Equal("3", (await second.Client.ReadAsync())["id"]);
    }

    [Theory]
    [InlineData("<resumed xmlns='urn:xmpp:sm:3' previd='x' h='1'/>", false)]
    [InlineData("<failed xmlns='urn:xmpp:sm:3' h='1'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>", true)]
    public async Task A_stream_that_was_lost_is_gone_on_with(string answer, bool isNew)
    {
        await using var server = await _network.StartAsync(Local);
        await using var played = new PlayedServer(_network);
        var juliet = await server.LoginAsync($"juliet@{Local}", "balcony");
        await juliet.SendAsync($"<message to='romeo@{Remote}' id='1'/><message to='romeo@{Remote}' id='2'/>");
        var first = await played.AcceptManagedAsync("resume='true' id='x' max='300'");
        Assert.Equal("1", (await first.Client.ReadAsync())["id"]);
        Assert.Equal("2", (await first.Client.ReadAsync())["id"]);
        await first.Client.SendAsync("<a xmlns='urn:xmpp:sm:3' h='0'/><r xmlns='urn:xmpp:sm:3'/>");
        await first.Client.ExpectAsync("<a xmlns='urn:xmpp:sm:3' h='0'/>");
        first.Client.Drop();

        var second = await played.AcceptAuthenticatedAsync();
        await second.Client.ExpectAsync("<resume xmlns='urn:xmpp:sm:3' previd='x' h='0'/>");
        await second.Client.SendAsync(answer);
        if (isNew)
        {
            await second.Client.ExpectAsync("<enable xmlns='urn:xmpp:sm:3' resume='true'/>");
            await second.Client.SendAsync("<enabled xmlns='urn:xmpp:sm:3'/>");
        }
        Assert.Equal("2", (await second.Client.ReadAsync())["id"]);
        await juliet.SendAsync($"<message to='romeo@{Remote}' id='3'/>");
        Assert.Equal("3", (await second.Client.ReadAsync())["id"]);
        await second.Client.SendAsync($"<a xmlns='urn:xmpp:sm:3' h='{(isNew ? 2 : 3)}'/><r xmlns='urn:xmpp:sm:3'/>");
        await second.Client.ExpectAsync("<a xmlns='urn:xmpp:sm:3' h='0'/>");
        Assert.True(Assert.Single(server.Server.Context.Federation.Links).IsIdle);
    }

    [Fact]
    public async Task Who_resumes_with_more_than_was_sent_is_told_so()
    {
        await using var server = await _network.StartAsync(Local);
        await using var played = new PlayedServer(_network);
        var juliet = await server.LoginAsync($"juliet@{Local}", "balcony");
        await juliet.SendAsync($"<message to='romeo@{Remote}' id='1'/>");
        var first = await played.AcceptManagedAsync("resume='true' id='x'");
        await first.Client.ReadAsync();
        await first.Client.SendAsync("<a xmlns='urn:xmpp:sm:3' h='0'/><r xmlns='urn:xmpp:sm:3'/>");
        await first.Client.ReadAsync();
        first.Client.Drop();
        var second = await played.AcceptAuthenticatedAsync();
        await second.Client.ReadAsync();
        await second.Client.SendAsync("<resumed xmlns='urn:xmpp:sm:3' previd='x' h='2'/>");
        Assert.NotNull((await second.Client.ReadAsync()).Child("urn:xmpp:sm:3", "handled-count-too-high"));
    }

    [Fact]
    public async Task What_waits_for_a_stream_that_can_be_resumed_is_returned_when_it_can_not_any_more()
    {
        await using var server = await _network.StartAsync(Local, options => options with
        {
            S2s = options.S2s with { ResumeTime = TimeSpan.FromSeconds(20) },
            // As long as attempts take, time passes: not so much that clients have to say that they are there.
            Limits = options.Limits with { KeepAliveInterval = TimeSpan.FromDays(365) },
        });
        var played = new PlayedServer(_network);
        var juliet = await server.LoginAsync($"juliet@{Local}", "balcony");
        await juliet.SendAsync($"<message to='romeo@{Remote}' id='1'/>");
        var peer = await played.AcceptManagedAsync("resume='true' id='x'");
        await peer.Client.ReadAsync();
        await played.DisposeAsync();
        var link = Assert.Single(server.Server.Context.Federation.Links);
        await Eventually.UntilAsync(() => link.Stream is null);
        await juliet.SendAsync($"<message to='romeo@{Remote}' id='2'/>");
        await juliet.ExpectNothingFromAsync(juliet);
        await Eventually.UntilAsync(() => link.IsIdle, meanwhile: () => server.Time.Advance(TimeSpan.FromSeconds(1)));
        foreach (var id in new[] { "1", "2" })
        {
            var returned = await juliet.ReadAsync();
            Assert.Equal((id, StanzaErrorCondition.RemoteServerTimeout), (returned["id"], StanzaError.Parse(returned)?.Condition));
        }
    }

    [Fact]
    public async Task What_can_not_be_sent_again_is_returned()
    {
        await using var server = await _network.StartAsync(Local);
        var played = new PlayedServer(_network);
        var juliet = await server.LoginAsync($"juliet@{Local}", "balcony");
        await juliet.SendAsync($"<message to='romeo@{Remote}' id='1'/><message to='romeo@{Remote}' id='2'/>");
        var peer = await played.AcceptManagedAsync();
        await peer.Client.ReadAsync();
        await peer.Client.SendAsync("<a xmlns='urn:xmpp:sm:3' h='1'/><r xmlns='urn:xmpp:sm:3'/>");
        while ((await peer.Client.ReadAsync()).Name.Local != "a")
        {
            // The second message.
        }
        await played.DisposeAsync();
        Assert.Equal("2", (await juliet.ExpectErrorAsync(StanzaErrorCondition.RemoteServerTimeout))["id"]);
    }

    [Fact]
    public async Task Who_acknowledges_more_than_was_sent_is_told_so()
    {
        await using var server = await _network.StartAsync(Local);
        await using var played = new PlayedServer(_network);
        var juliet = await server.LoginAsync($"juliet@{Local}", "balcony");
        await juliet.SendAsync($"<message to='romeo@{Remote}' id='1'/>");
        var peer = await played.AcceptManagedAsync();
        await peer.Client.ReadAsync();
        await peer.Client.SendAsync("<a xmlns='urn:xmpp:sm:3' h='2'/>");
        var error = await peer.Client.ReadAsync();
        Assert.NotNull(error.Child("urn:xmpp:sm:3", "handled-count-too-high"));
    }

    [Fact]
    public async Task A_server_that_no_longer_acknowledges_loses_its_connection()
    {
        await using var server = await _network.StartAsync(Local);
        await using var played = new PlayedServer(_network);
        var juliet = await server.LoginAsync($"juliet@{Local}", "balcony");
        await juliet.SendAsync($"<message to='romeo@{Remote}' id='1'/>");
        var peer = await played.AcceptManagedAsync();
        await peer.Client.ReadAsync();
        server.Time.Advance(TimeSpan.FromSeconds(1));
        await peer.Client.ExpectAsync("<r xmlns='urn:xmpp:sm:3'/>");
        server.Time.Advance(server.Options.Limits.KeepAliveTimeout + TimeSpan.FromSeconds(2));
        var second = await played.AcceptManagedAsync();
        Assert.Equal("1", (await second.Client.ReadAsync())["id"]);
    }

    [Fact]
    public async Task On_a_stream_of_both_directions_come_stanzas_of_domains_that_the_certificate_proves()
    {
        await using var server = await _network.StartAsync(Local, options => options with { S2s = options.S2s with { Bidi = true } });
        await using var played = new PlayedServer(_network);
        var juliet = await server.LoginAsync($"juliet@{Local}", "balcony");
        await juliet.SendAsync($"<message to='romeo@{Remote}' id='1'/>");
        var peer = await played.AcceptSecuredAsync();
        await peer.Client.AnswerServerAsync(Header, External + "<bidi xmlns='urn:xmpp:features:bidi'/>");
        await peer.Client.ExpectAsync("<bidi xmlns='urn:xmpp:bidi'/>");
        Assert.Equal("auth", (await peer.Client.ReadAsync()).Name.Local);
        await peer.Client.SendAsync($"<success xmlns='{Namespaces.Sasl}'/>");
        await peer.Client.AnswerServerAsync(Header, "");
        Assert.Equal("1", (await peer.Client.ReadAsync())["id"]);
        await peer.Client.SendAsync($"<message from='romeo@{Remote}' to='{juliet.Jid}' id='2'/>");
        Assert.Equal("2", (await juliet.ReadAsync())["id"]);

        await peer.Client.SendAsync(
            $"<db:result from='conference.{Remote}' to='{Local}'>key</db:result><db:result from='verona.example' to='{Local}'>key</db:result>");
        Assert.Equal("valid", (await peer.Client.ReadAsync())["type"]);
        Assert.Equal("error", (await peer.Client.ReadAsync())["type"]);
        await peer.Client.SendAsync($"<message from='ball@conference.{Remote}' to='{juliet.Jid}' id='3'/>");
        Assert.Equal("3", (await juliet.ReadAsync())["id"]);
        await peer.Client.SendAsync($"<message from='x@verona.example' to='{juliet.Jid}' id='4'/>");
        Assert.Equal("invalid-from", (await peer.Client.ReadAsync()).Elements.First().Name.Local);
    }

    [Fact]
    public async Task Data_behind_proceed_ends_the_stream()
    {
        await using var server = await _network.StartAsync(Local);
        await using var played = new PlayedServer(_network);
        var juliet = await server.LoginAsync($"juliet@{Local}", "balcony");
        await juliet.SendAsync($"<message to='romeo@{Remote}' id='1'/>");
        var peer = await played.AcceptAsync();
        await peer.Client.AnswerServerAsync(Header, StartTls);
        await peer.Client.ReadAsync();
        await peer.Client.SendAsync($"<proceed xmlns='{Namespaces.Tls}'/><stream:features/>");
        await juliet.ExpectErrorAsync(StanzaErrorCondition.RemoteServerTimeout);
    }
}
